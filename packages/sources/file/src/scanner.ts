import { closeSync, openSync } from "node:fs";
import { basename } from "node:path";
import { rootName } from "@sluice/archive";
import type { SourceContext } from "@sluice/core";
import type { Catalog } from "./catalog.ts";
import { InodeFinder } from "./copies.ts";
import type { Fleet } from "./fleet.ts";
import { type Entry, entryAt, type Globs, keyOf } from "./globs.ts";
import type { Identifier } from "./identify.ts";
import type { Opener } from "./opening.ts";
import type { Rotated } from "./rotated.ts";
import type { Strays } from "./strays.ts";
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
  readonly rotated: Rotated;
  readonly strays: Strays;
  readonly rotateWait: number;
  /** Pause after which an open multiline event is passed on; undefined without multiline. */
  readonly idleAfter: number | undefined;
}

/** Looks at all files again and again: finds new, grown, renamed, and vanished ones. It reads no content. */
export class Scanner {
  readonly #parts: ScannerParts;
  /** When the last look began, in milliseconds since the epoch. */
  #looked = 0;
  /** The last listing may have left out files for lack of file descriptors. */
  #short = false;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
  }

  /** The first look: attaches what the state knows to the files that are there. */
  async first(startAtEnd: boolean): Promise<void> {
    const { catalog, identifier, fleet, rotated, turns } = this.#parts;
    const entries = this.#list();
    const atEnd = startAtEnd && catalog.firstStart;
    if (atEnd) identifier.startAtEnd(entries.values());
    await turns.take(async () => {
      await this.#meet(entries, atEnd);
      await rotated.search();
      await rotated.meetStrays(entries, (entry) => this.#identify(entry));
      this.#note(entries);
    });
    catalog.flush();
    fleet.oldestFirst();
  }

  /** Resolves to the time that looking took, in milliseconds. */
  async scan(): Promise<number> {
    const { fleet, catalog } = this.#parts;
    const start = performance.now();
    const entries = this.#list();
    const took = performance.now() - start;
    const paths = new Set([...entries.values()].map(({ path }) => path));
    const finder = new InodeFinder();
    for (const tail of Array.from(fleet.tails.values())) {
      if (fleet.tails.get(keyOf(tail)) !== tail) continue;
      const entry = entries.get(keyOf(tail)) ?? this.#stillThere(tail);
      if (entry) this.#seen(tail, entry);
      else await this.#unseen(tail, finder);
      await this.#finish(tail, paths);
    }
    await this.#meetLate(entries);
    catalog.flush();
    return took;
  }

  /** Tries again what a lack of file descriptors kept from being read; false when there was nothing of that kind. */
  async retry(): Promise<boolean> {
    const { fleet, troubles, rotated, catalog } = this.#parts;
    if (!troubles.takeShortage() && !rotated.short && !this.#short) return false;
    fleet.closeIdle(50);
    await this.#meetLate(this.#list());
    for (const tail of fleet.tails.values()) if (tail.dirty && tail.done === undefined) fleet.enqueue(tail);
    catalog.flush();
    return true;
  }

  async #meetLate(entries: ReadonlyMap<string, Entry>): Promise<void> {
    const { rotated, turns } = this.#parts;
    await turns.take(async () => {
      await rotated.search();
      await rotated.meetStrays(entries, (entry) => this.#identify(entry));
      await this.#meet(entries, false);
      this.#note(entries);
    });
  }

  /** The files that the globs match. Without a free file descriptor, directories seem to be empty. */
  #list(): Map<string, Entry> {
    this.#looked = Date.now();
    const entries = this.#parts.globs.list();
    this.#short = !hasFreeDescriptor();
    if (this.#short) this.#parts.fleet.closeIdle(50);
    return entries;
  }

  /** A file that the listing of its directory left out: listing fails without a free file descriptor. */
  #stillThere(tail: Tail): Entry | null {
    const entry = entryAt(tail.at);
    return entry && keyOf(entry) === keyOf(tail) && this.#parts.globs.matches(tail.at) ? entry : null;
  }

  #note(entries: ReadonlyMap<string, Entry>): void {
    const { strays, fleet } = this.#parts;
    strays.note(entries, (entry) => fleet.tails.get(keyOf(entry)), this.#looked);
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
    if (tail.lost && !tail.busy) return await this.#parts.turns.take(() => this.#parts.rotated.lose(tail));
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
    const { identifier, troubles, fleet, strays, rotated } = this.#parts;
    const key = keyOf(entry);
    if (!troubles.mayTry(key, entry.size)) return null;
    try {
      const found = await identifier.identify(entry);
      troubles.over(key, entry.path);
      if (found?.tail.reader) fleet.opened(found.tail);
      if (found?.tail.path === entry.path) found.tail.seen = strays.knownUntil(entry.path) ?? this.#looked;
      return found;
    } catch (error) {
      rotated.failed(entry, error);
      return null;
    }
  }
}

/** Whether this process can open another file. */
function hasFreeDescriptor(): boolean {
  try {
    closeSync(openSync("/dev/null", "r"));
    return true;
  } catch (error) {
    return !isShortage(error);
  }
}
