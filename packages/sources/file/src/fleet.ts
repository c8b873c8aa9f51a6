import { lstatSync, realpathSync } from "node:fs";
import type { Logger } from "@sluice/core";
import type { Catalog } from "./catalog.ts";
import { type Entry, keyOf } from "./globs.ts";
import { NameIndex } from "./names.ts";
import type { Opened } from "./opening.ts";
import type { StreamNames } from "./stream-names.ts";
import { Tail } from "./tail.ts";

/** Files that are kept open at most, besides those that have no name any more. */
const MAX_OPEN = 200;

/** The files that are followed, and the queue of those that may have something to read. */
export class Fleet {
  readonly tails = new Map<string, Tail>();
  readonly names = new NameIndex<Tail>();
  readonly #owners = new Map<string, Tail>();
  readonly #queue: Tail[] = [];
  readonly #open = new Set<Tail>();
  #over = false;
  readonly #catalog: Catalog;
  readonly #log: Logger;
  readonly #streamNames: StreamNames;
  /** Called when the queue gets its first entry. */
  wake: () => void = () => {};

  constructor(catalog: Catalog, log: Logger, streamNames: StreamNames) {
    this.#catalog = catalog;
    this.#log = log;
    this.#streamNames = streamNames;
  }

  /** Begins to follow a file. What was at its path before is read to its end first. */
  add(tail: Tail): void {
    this.tails.set(keyOf(tail), tail);
    this.names.add(tail);
    const owner = this.ownerOf(tail.at);
    if (owner && owner !== tail) {
      owner.replaced = true;
      this.follow(tail, owner);
    }
    this.#owners.set(tail.at, tail);
    if (tail.reader) this.opened(tail);
    this.enqueue(tail);
  }

  /** The file that was last found at `path`, while it is followed. */
  ownerOf(path: string): Tail | undefined {
    const owner = this.#owners.get(path);
    return owner && this.tails.get(keyOf(owner)) === owner ? owner : undefined;
  }

  /** Lets whatever is found at `path` next wait for this one's end. */
  precedes(tail: Tail, path: string): void {
    this.#owners.set(path, tail);
  }

  /** Lets `tail` wait until all of `first` that is there was read. */
  follow(tail: Tail, first: Tail): void {
    tail.waitingFor++;
    first.followers.push(tail);
    first.dirty = true;
    this.enqueue(first);
  }

  /** The tail reached its end, or cannot be read: those that waited for it may go on. */
  release(tail: Tail): void {
    for (const follower of tail.followers.splice(0)) {
      follower.waitingFor--;
      this.enqueue(follower);
    }
  }

  moved(tail: Tail, path: string): void {
    this.#log.debug({ from: tail.at, to: path }, "file was renamed");
    this.names.remove(tail);
    tail.at = path;
    this.names.add(tail);
    if (!tail.reader) tail.dirty = true;
    this.#owners.set(path, tail);
  }

  /** Stops following a file that is gone, and remembers its stream. */
  retire(tail: Tail): void {
    if (this.tails.get(keyOf(tail)) === tail) this.tails.delete(keyOf(tail));
    for (const path of [tail.path, tail.at]) if (this.#owners.get(path) === tail) this.#owners.delete(path);
    this.names.remove(tail);
    this.closed(tail);
    this.release(tail);
    this.#catalog.retire(tail);
  }

  /** A new stream for a file that was not read before; its identity is not stored yet. */
  fresh(entry: Entry, opened: Opened, generation: number): Tail {
    const id = this.#streamNames.nameOf(opened, generation);
    const tail = new Tail(entry, { id, path: entry.first ?? entry.path, generation });
    tail.real = linkTarget(entry.path);
    tail.learnHead(opened.head);
    tail.reader = opened.reader;
    tail.packed = opened.packed;
    return tail;
  }

  enqueue(tail: Tail): void {
    if (tail.queued || tail.waitingFor > 0) return;
    tail.queued = true;
    this.#queue.push(tail);
    if (this.#queue.length === 1) this.wake();
  }

  /** Rotated files before those that took their places. */
  oldestFirst(): void {
    this.#queue.sort((a, b) => a.mtime - b.mtime);
  }

  next(): Tail | undefined {
    const tail = this.#queue.shift();
    if (tail) tail.queued = false;
    return tail;
  }

  /** Notes that a file is open, and closes the one that was read the longest ago when there are too many. */
  opened(tail: Tail): void {
    if (this.#over) return tail.close();
    this.#open.delete(tail);
    this.#open.add(tail);
    if (this.#open.size > MAX_OPEN) this.closeIdle(this.#open.size - MAX_OPEN);
  }

  closed(tail: Tail): void {
    this.#open.delete(tail);
    tail.close();
  }

  /** Closes up to `count` files that can be opened again by their path. */
  closeIdle(count: number): void {
    const closable = [...this.#open].filter((tail) => !tail.busy && !tail.detached);
    // One with unread content is closed only when there is no other: it could be deleted before its turn comes.
    const read = closable.filter((tail) => tail.atEnd && !tail.queued);
    const unread = closable.filter((tail) => !tail.atEnd || tail.queued);
    for (const tail of [...read, ...unread].slice(0, count)) this.closed(tail);
  }

  /** Closes everything, also what is opened from now on by work that is still under way. */
  closeAll(): void {
    this.#over = true;
    for (const tail of this.#open) this.closed(tail);
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? realpathSync(path) : undefined;
  } catch {
    return undefined;
  }
}
