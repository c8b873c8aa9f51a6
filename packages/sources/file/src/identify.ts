import type { Logger } from "@sluice/core";
import type { Catalog } from "./catalog.ts";
import { InodeFinder, isPartOf, lastBytes, relate } from "./copies.ts";
import type { Encoding } from "./encoding.ts";
import type { Fleet } from "./fleet.ts";
import { type Entry, entryAt, keyOf } from "./globs.ts";
import type { Opened, Opener } from "./opening.ts";
import { begins, MARK_BYTES, type Position } from "./position.ts";
import { Tail } from "./tail.ts";

const NOTHING = Buffer.alloc(0);
const LOOK_BACK = 65_536;
/** How long a file that may become a rotated copy of another is left alone while nothing says which of both it is. */
const COPY_WAIT_MS = 5000;

interface Parts {
  readonly catalog: Catalog;
  readonly fleet: Fleet;
  readonly opener: Opener;
  readonly encoding: Encoding;
  readonly log: Logger;
  /** Decide at once: there is no later. */
  readonly hasty: boolean;
}

/** Finds out which stream a file that was just found belongs to: a stored one, a copied one, or a new one. */
export class Identifier {
  readonly #parts: Parts;
  readonly #foundAt = new Map<string, number>();
  /** Sizes of the files that existed at the very first start, when those are read from their end. */
  readonly #skipTo = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads these files from where they end now. */
  startAtEnd(entries: Iterable<Entry>): void {
    for (const entry of entries) this.#skipTo.set(keyOf(entry), entry.size);
  }

  /** The tail for a file, or null when it has to be looked at again later. Rejects when it cannot be read. */
  async identify(entry: Entry): Promise<{ readonly tail: Tail; readonly isNew: boolean } | null> {
    for (const stored of this.#parts.catalog.ofInode(entry)) {
      const tail = await this.attach(entry, stored);
      if (tail) return { tail, isNew: false };
    }
    if (entry.size === 0) return null;
    const opened = await this.#parts.opener.open(entry.path);
    try {
      // One that was emptied meanwhile could not be told from any other after a restart.
      const recognizable = opened.packed || opened.head.length > 0;
      const found = recognizable && keyOf(opened.stat) === keyOf(entry) ? await this.#classify(entry, opened) : null;
      if (found?.tail.reader !== opened.reader) opened.reader.close();
      return found;
    } catch (error) {
      opened.reader.close();
      throw error;
    }
  }

  /** The stored stream as a tail of this file; null when the file is another one by now. Rejects when it cannot be read. */
  async attach(entry: Entry, stored: Position): Promise<Tail | null> {
    const { opener, catalog } = this.#parts;
    const tail = Tail.resumed(entry, stored);
    const known = stored.done !== undefined && stored.done === entry.size;
    if (!known && (await opener.reopen(tail)) !== "ready") return null;
    catalog.take(stored);
    return tail;
  }

  async #classify(entry: Entry, opened: Opened) {
    if (unfinishedPacking(entry, opened) && !this.#parts.hasty) return null;
    if (!this.#skipTo.has(keyOf(entry))) {
      const copy = (await this.#copyOfKnown(entry, opened)) ?? (await this.#copyOfFollowed(entry, opened));
      if (copy) return copy === "wait" ? null : copy;
    }
    this.#foundAt.delete(keyOf(entry));
    const tail = this.#fresh(entry, opened);
    await this.#skip(tail, opened);
    return { tail, isNew: true };
  }

  #fresh(entry: Entry, opened: Opened): Tail {
    return this.#parts.fleet.fresh(entry, opened, this.#parts.catalog.nextGeneration(entry));
  }

  /** A file whose content another stream has read already goes on as that stream, or holds nothing new. */
  async #copyOfKnown(entry: Entry, opened: Opened) {
    const { catalog, log } = this.#parts;
    for (const position of catalog.maybeCopied(entry.path, opened.head)) {
      const relation = await relate(opened, position);
      if (relation.kind === "other") continue;
      log.debug({ path: entry.path, of: position.path }, "file is a rotated copy");
      if (relation.kind === "contained") return { tail: await this.#atItsEnd(entry, opened), isNew: true };
      return { tail: this.adopt(entry, opened, position, relation.before), isNew: false };
    }
    return null;
  }

  /**
   * The stream of what a followed file has become. Null when it is empty, so that there is nothing yet to know it by, or
   * cannot be opened now: a later look finds it.
   */
  async renew(tail: Tail): Promise<{ readonly tail: Tail; readonly isNew: boolean } | null> {
    const { opener, fleet, catalog } = this.#parts;
    const here = entryAt(tail.at);
    const path = here && keyOf(here) === keyOf(tail) ? tail.at : (new InodeFinder().find(tail)?.path ?? tail.at);
    const opened = await opener.open(path).catch(() => null);
    if (!opened) return null;
    const { dev, ino, size, mtime, born } = opened.stat;
    const entry = { path, dev, ino, size, mtime, born, ...(path !== tail.at && { first: tail.path }) };
    const same = keyOf(entry) === keyOf(tail) && opened.head.length > 0;
    const copy = same ? await this.#copyOfKnown(entry, opened) : null;
    const fresh = () => ({ tail: fleet.fresh(entry, opened, catalog.nextGeneration(entry)), isNew: true });
    const renewed = same ? (copy ?? fresh()) : null;
    if (renewed?.tail.reader !== opened.reader) opened.reader.close();
    return renewed;
  }

  /** Lets a stream go on in a copy of its file. */
  adopt(entry: Entry, opened: Opened, position: Position, before: Uint8Array): Tail {
    this.#parts.catalog.take(position);
    const { gone: _, done: __, ...open } = position;
    const tail = Tail.resumed(entry, open);
    tail.learnHead(opened.head);
    tail.reader = opened.reader;
    tail.packed = opened.packed;
    tail.before = before;
    return tail;
  }

  async #copyOfFollowed(entry: Entry, opened: Opened) {
    const original = this.#original(entry, opened);
    if (!original) return null;
    const { opener, hasty } = this.#parts;
    const found = this.#foundAt.get(keyOf(entry)) ?? performance.now();
    this.#foundAt.set(keyOf(entry), found);
    const quiet = Math.min(performance.now() - found, Date.now() - entry.mtime);
    if (!hasty && (original.detached || quiet < COPY_WAIT_MS)) return "wait";
    // Two short files may well begin alike; a packed one is a copy by its name.
    if (!opened.packed && opened.stat.size < MARK_BYTES) return null;
    if (!(await isPartOf(opened, original, opener))) return null;
    return { tail: await this.#atItsEnd(entry, opened), isNew: true };
  }

  #original(entry: Entry, opened: Opened): Tail | undefined {
    for (const tail of this.#parts.fleet.names.originals(entry.path)) {
      if (tail.head.bytes > 0 && begins(tail.head, opened.head)) return tail;
    }
    return undefined;
  }

  async #atItsEnd(entry: Entry, opened: Opened): Promise<Tail> {
    const { length, last } = await lastBytes(opened);
    const tail = this.#fresh(entry, opened);
    tail.startAt(length, last);
    if (opened.packed) tail.done = entry.size;
    return tail;
  }

  async #skip(tail: Tail, opened: Opened): Promise<void> {
    const size = this.#skipTo.get(keyOf(tail));
    if (size === undefined) return;
    if (opened.packed) {
      const { length, last } = await lastBytes(opened);
      tail.startAt(length, last);
      tail.done = opened.stat.size;
      return;
    }
    await this.#skipLines(tail, opened, size);
  }

  /** Goes to the last line end before `size`, so that a line that is being written is not torn. */
  async #skipLines(tail: Tail, opened: Opened, size: number): Promise<void> {
    const { encoding } = this.#parts;
    const start = Math.max(0, size - LOOK_BACK - (size % encoding.width));
    const bytes = (await opened.reader.read(start, NOTHING, size - start))?.bytes ?? NOTHING;
    let end = 0;
    for (let at = encoding.find(bytes, 0); at >= 0; at = encoding.find(bytes, end)) end = at + encoding.width;
    tail.skipping = end === 0 && start > 0;
    if (tail.skipping) end = bytes.length;
    const from = Math.max(0, start + end - MARK_BYTES);
    const before = (await opened.reader.read(from, NOTHING, start + end - from))?.bytes ?? NOTHING;
    tail.startAt(start + end, before);
  }
}

/** Whether a file is named like a packed one but does not show yet whether it is. */
function unfinishedPacking(entry: Entry, opened: Opened): boolean {
  return !opened.packed && opened.stat.size < 4 && /\.(gz|zst)$/.test(entry.path);
}
