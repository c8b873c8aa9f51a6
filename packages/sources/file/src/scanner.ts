import { basename } from "node:path";
import type { SourceContext } from "@sluice/core";
import type { Catalog } from "./catalog.ts";
import { findCopy, InodeFinder } from "./copies.ts";
import type { Fleet } from "./fleet.ts";
import { type Entry, entryAt, type Globs, keyOf } from "./globs.ts";
import type { Identifier } from "./identify.ts";
import { rootName } from "./names.ts";
import type { Opener } from "./opening.ts";
import type { Position } from "./position.ts";
import type { Tail } from "./tail.ts";
import { isShortage, type Troubles } from "./troubles.ts";
import type { Turns } from "./turns.ts";

/** New files are made known to the state in groups of this many. */
const GROUP = 100;
/** A renamed file without a successor may still be written to: it is watched this long after its last growth. */
const MOVED_WAIT_MS = 60_000;

export interface ScannerParts {
  readonly ctx: SourceContext;
  readonly turns: Turns;
  readonly fleet: Fleet;
  readonly catalog: Catalog;
  readonly opener: Opener;
  readonly identifier: Identifier;
  readonly troubles: Troubles;
  readonly globs: Globs;
  readonly rotateWait: number;
  /** Pause after which an open multiline event is passed on; undefined without multiline. */
  readonly idleAfter: number | undefined;
}

/** Looks at all files again and again: finds new, grown, renamed, and vanished ones. It reads no content. */
export class Scanner {
  readonly #parts: ScannerParts;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
  }

  /** The first look: attaches what the state knows to the files that are there. */
  async first(startAtEnd: boolean): Promise<void> {
    const { globs, catalog, identifier, fleet } = this.#parts;
    const entries = globs.list();
    const atEnd = startAtEnd && catalog.firstStart;
    if (atEnd) identifier.startAtEnd(entries.values());
    await this.#meet(entries, atEnd);
    const finder = new InodeFinder();
    for (const position of catalog.missing()) await this.#search(position, finder);
    catalog.flush();
    fleet.oldestFirst();
  }

  /** Resolves to the time that looking took, in milliseconds. */
  async scan(): Promise<number> {
    const { globs, fleet, catalog } = this.#parts;
    const start = performance.now();
    const entries = globs.list();
    const took = performance.now() - start;
    const paths = new Set([...entries.values()].map(({ path }) => path));
    const finder = new InodeFinder();
    for (const tail of Array.from(fleet.tails.values())) {
      if (fleet.tails.get(keyOf(tail)) !== tail) continue;
      const entry = entries.get(keyOf(tail));
      if (entry) this.#seen(tail, entry);
      else await this.#unseen(tail, finder);
      await this.#finish(tail, paths);
    }
    await this.#meet(entries, false);
    catalog.flush();
    return took;
  }

  #seen(tail: Tail, entry: Entry): void {
    const { fleet } = this.#parts;
    tail.detached = false;
    if (entry.path !== tail.at) fleet.moved(tail, entry.path);
    this.#look(tail, entry.size, entry.mtime);
  }

  #look(tail: Tail, size: number, mtime: number): void {
    tail.look(size, mtime);
    if (tail.done !== undefined && tail.done !== size) tail.done = undefined;
    if (tail.dirty && tail.done === undefined) this.#parts.fleet.enqueue(tail);
  }

  /** A file that has no name any more that the globs match: it is read on while it is open. */
  async #unseen(tail: Tail, finder: InodeFinder): Promise<void> {
    const { fleet, opener, troubles } = this.#parts;
    tail.detached = true;
    if (tail.done !== undefined) return;
    if (tail.reader) {
      const { size, mtime, links } = tail.reader.stat();
      tail.deleted = links === 0;
      this.#look(tail, size, mtime);
      return;
    }
    if (tail.busy || !troubles.mayTry(tail.id, tail.size)) return;
    const here = entryAt(tail.at);
    const entry = here && keyOf(here) === keyOf(tail) ? here : finder.find(tail);
    tail.lost = !entry && !finder.failed;
    if (!entry) return;
    fleet.moved(tail, entry.path);
    tail.busy = true;
    try {
      if ((await opener.reopen(tail)) === "ready") fleet.opened(tail);
      this.#look(tail, entry.size, entry.mtime);
      fleet.enqueue(tail);
    } catch (error) {
      troubles.failed(tail.id, tail.at, error, tail.size);
    } finally {
      tail.busy = false;
    }
  }

  /** Passes on the unfinished end of a file that will not grow any more, and closes it. */
  async #finish(tail: Tail, paths: ReadonlySet<string>): Promise<void> {
    const { fleet, rotateWait, idleAfter } = this.#parts;
    if (tail.lost && !tail.busy) return await this.#parts.turns.take(() => this.#lose(tail));
    if (tail.busy || tail.queued || tail.dirty) return;
    const quiet = performance.now() - tail.changedAt;
    const replaced = tail.replaced || (tail.detached && paths.has(tail.path));
    const wait = tail.deleted || replaced || !tail.detached ? rotateWait : Math.max(rotateWait, MOVED_WAIT_MS);
    const over = (tail.detached || replaced) && quiet >= wait;
    if (over && tail.unfinished > 0 && tail.flush !== "final") this.#flush(tail, "final");
    else if (tail.detached && (over || tail.done !== undefined)) fleet.retire(tail);
    else if (idleAfter !== undefined && quiet >= idleAfter && tail.unfinished > 0 && tail.flush === "open") {
      this.#flush(tail, "idle");
    }
  }

  #flush(tail: Tail, flush: "idle" | "final"): void {
    tail.flush = flush;
    this.#parts.fleet.enqueue(tail);
  }

  /** The file was closed when it vanished. What was not read of it may be in a copy, packed or not. */
  async #lose(tail: Tail): Promise<void> {
    const { fleet, opener, identifier, ctx } = this.#parts;
    const bytes = tail.size - tail.offset;
    fleet.retire(tail);
    if (tail.done !== undefined || (tail.atEnd && bytes <= 0)) return;
    const position = tail.position();
    const copy = await findCopy(position, opener, (entry) => fleet.tails.has(keyOf(entry)));
    if (copy) this.#before(identifier.adopt(copy.entry, copy.opened, position, copy.before));
    else if (!tail.packed) ctx.log.warn({ path: tail.at, bytes }, "file was deleted before all of it could be read");
  }

  /**
   * The files that are not followed yet, in groups. Known ones come before all others, so that no copy is taken for one
   * of them; then those that were not rotated, so that copies of them are recognized; packed ones last.
   */
  *#groups(entries: ReadonlyMap<string, Entry>): Generator<Entry[]> {
    const ranks: Entry[][] = [[], [], [], []];
    for (const entry of entries.values()) {
      if (!this.#parts.fleet.tails.has(keyOf(entry))) ranks[this.#rank(entry)]?.push(entry);
    }
    for (const rank of ranks) {
      rank.sort((a, b) => a.mtime - b.mtime);
      for (let i = 0; i < rank.length; i += GROUP) yield rank.slice(i, i + GROUP);
    }
  }

  #rank(entry: Entry): 0 | 1 | 2 | 3 {
    if (this.#parts.catalog.ofInode(entry).length > 0) return 0;
    if (/\.(gz|zst)$/.test(entry.path)) return 3;
    return rootName(entry.path) === basename(entry.path) ? 1 : 2;
  }

  /** Identifies the files that are not followed yet, the oldest first. */
  async #meet(entries: ReadonlyMap<string, Entry>, first: boolean): Promise<void> {
    await this.#parts.turns.take(() => this.#meetAll(entries, first));
  }

  async #meetAll(entries: ReadonlyMap<string, Entry>, first: boolean): Promise<void> {
    const { fleet, catalog, ctx } = this.#parts;
    let introduced = !first;
    for (const group of this.#groups(entries)) {
      if (ctx.stop.aborted) return;
      const found = [];
      for (const entry of group) {
        const one = await this.#identify(entry);
        if (one) found.push(one);
      }
      catalog.introduce(
        found.filter(({ isNew }) => isNew).map(({ tail }) => tail),
        !introduced,
      );
      introduced = true;
      for (const { tail } of found) fleet.add(tail);
    }
    if (!introduced) catalog.introduce([], true);
  }

  async #identify(entry: Entry) {
    const { identifier, troubles, fleet } = this.#parts;
    const key = keyOf(entry);
    if (!troubles.mayTry(key, entry.size)) return null;
    try {
      const found = await identifier.identify(entry);
      troubles.over(key, entry.path);
      if (found?.tail.reader) fleet.opened(found.tail);
      return found;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (isShortage(error)) fleet.closeIdle(50);
      if (code !== "ENOENT") troubles.failed(key, entry.path, error, entry.size);
      return null;
    }
  }

  /** Looks for a file that the state knows and the globs do not find: renamed, packed or copied in its directory. */
  async #search(position: Position, finder: InodeFinder): Promise<void> {
    const { fleet, catalog, opener, identifier, troubles } = this.#parts;
    const followed = (entry: Entry) => fleet.tails.has(keyOf(entry));
    const entry = finder.find(position);
    if (entry && !followed(entry)) {
      // What cannot be opened now is tried again by the next scan.
      if (troubles.has(keyOf(entry))) return;
      const tail = await identifier.attach(entry, position).catch(() => null);
      if (tail) return this.#before(tail);
    }
    const copy = position.done === undefined ? await findCopy(position, opener, followed) : null;
    if (copy) this.#before(identifier.adopt(copy.entry, copy.opened, position, copy.before));
    else if (!finder.failed) catalog.markGone(position);
  }

  /** Adds a rotated file, which is read before the one that stands in its place now. */
  #before(tail: Tail): void {
    const { fleet } = this.#parts;
    fleet.add(tail);
    for (const other of fleet.tails.values()) {
      if (other !== tail && other.at === tail.path) fleet.follow(other, tail);
    }
  }
}
