import type { SourceContext } from "@sluice/core";
import type { Catalog } from "./catalog.ts";
import { findCopy, InodeFinder } from "./copies.ts";
import type { Fleet } from "./fleet.ts";
import { type Entry, keyOf } from "./globs.ts";
import type { Identifier } from "./identify.ts";
import type { Opener } from "./opening.ts";
import type { Position } from "./position.ts";
import type { Stray, Strays } from "./strays.ts";
import type { Tail } from "./tail.ts";
import { isShortage, type Troubles } from "./troubles.ts";

export interface RotatedParts {
  readonly ctx: SourceContext;
  readonly fleet: Fleet;
  readonly catalog: Catalog;
  readonly opener: Opener;
  readonly identifier: Identifier;
  readonly troubles: Troubles;
  readonly strays: Strays;
}

/** Finds what rotation made of files: under other names, packed, copied, or never seen under their own name. */
export class Rotated {
  readonly #parts: RotatedParts;
  /** Some streams of the state may still be found. */
  #incomplete = true;
  /** A directory could not be listed for lack of file descriptors. */
  short = false;

  constructor(parts: RotatedParts) {
    this.#parts = parts;
  }

  /** Looks for the files that the state knows and nothing is known of yet, as long as there are such. */
  async search(): Promise<void> {
    if (!this.#incomplete) return;
    const { catalog } = this.#parts;
    const finder = new InodeFinder();
    for (const position of catalog.missing()) await this.#search(position, finder);
    this.#incomplete = catalog.missing().length > 0;
    this.short = finder.short;
  }

  /** Looks for a file that the state knows and the globs do not find: renamed, packed or copied in its directory. */
  async #search(position: Position, finder: InodeFinder): Promise<void> {
    const { fleet, catalog, opener, identifier, troubles } = this.#parts;
    const followed = (entry: Entry) => fleet.tails.has(keyOf(entry));
    const entry = finder.find(position);
    if (entry && !followed(entry)) {
      // What cannot be opened now is tried again by a later look.
      if (!troubles.mayTry(keyOf(entry), entry.size)) return;
      try {
        const tail = await identifier.attach(entry, position);
        troubles.over(keyOf(entry), entry.path);
        if (tail) return this.#before(tail);
      } catch (error) {
        this.failed(entry, error);
        return;
      }
    }
    const copy = position.done === undefined ? await findCopy(position, opener, followed) : null;
    if (copy) this.#before(identifier.adopt(copy.entry, copy.opened, position, copy.before));
    else if (!finder.failed) catalog.markGone(position);
  }

  /** Notes that a file cannot be opened. */
  failed(entry: Entry, error: unknown): void {
    const { fleet, troubles } = this.#parts;
    if (isShortage(error)) fleet.closeIdle(50);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") troubles.failed(keyOf(entry), entry.path, error, entry.size);
  }

  /** Begins to follow the files that stood in the globs between two looks, each before the one that took its place. */
  async meetStrays(
    entries: ReadonlyMap<string, Entry>,
    identify: (entry: Entry) => Promise<{ readonly tail: Tail; readonly isNew: boolean } | null>,
  ): Promise<void> {
    const { strays, fleet, catalog, ctx } = this.#parts;
    const last = new Map<string, Tail>();
    for (const stray of strays.find(entries, (entry) => fleet.tails.get(keyOf(entry)))) {
      if (ctx.stop.aborted) return;
      const found = await identify(stray.entry);
      if (!found) {
        strays.keep(stray);
        continue;
      }
      strays.settle(stray);
      if (found.isNew) catalog.introduce([found.tail]);
      this.#line(found.tail, stray, entries, last.get(stray.original));
      last.set(stray.original, found.tail);
    }
  }

  /** Adds a stray: behind what stood at its path before, and ahead of what stands there now. */
  #line(tail: Tail, { original }: Stray, entries: ReadonlyMap<string, Entry>, last: Tail | undefined): void {
    const { fleet } = this.#parts;
    const owner = fleet.ownerOf(original);
    const stands = owner && entries.get(keyOf(owner))?.path === original;
    const first = last ?? (stands ? undefined : owner);
    tail.replaced = true;
    fleet.add(tail);
    if (first && first !== tail) fleet.follow(tail, first);
    if (stands && owner !== tail) fleet.follow(owner, tail);
    else fleet.precedes(tail, original);
  }

  /** The file was closed when it vanished. What was not read of it may be in a copy, packed or not. */
  async lose(tail: Tail): Promise<void> {
    const { fleet, opener, identifier, ctx } = this.#parts;
    const bytes = tail.size - tail.offset;
    fleet.retire(tail);
    if (tail.done !== undefined || (tail.atEnd && bytes <= 0)) return;
    const position = tail.position();
    const copy = await findCopy(position, opener, (entry) => fleet.tails.has(keyOf(entry)));
    if (copy) this.#before(identifier.adopt(copy.entry, copy.opened, position, copy.before));
    else if (!tail.packed) ctx.log.warn({ path: tail.at, bytes }, "file was deleted before all of it could be read");
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
