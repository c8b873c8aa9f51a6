import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { compareAge } from "@sluice/archive";
import { type Entry, entryAt, type Globs, keyOf } from "./globs.ts";
import { NameIndex } from "./names.ts";
import type { Position } from "./position.ts";
import type { Tail } from "./tail.ts";

/** The clock of a file system ticks at most so many milliseconds behind the system's. */
const TICK_MS = 20;
/** A directory that is renamed in while it is listed may hide a file: it is listed again for so long. */
const RECHECK_MS = 1000;
/** What cannot be read, or is empty, is looked at for this long. */
const PATIENCE_MS = 600_000;

/** A file that was rotated out of the globs before any look at it. */
export interface Stray {
  readonly entry: Entry;
  /** Path where it stood. */
  readonly original: string;
  readonly id: string;
  readonly born: number;
}

/** What is known of a path that the globs match. */
interface Place {
  readonly path: string;
  /** Stream of the file that stood there at the last look. */
  stream: string | undefined;
  /** All that was created there before this time is known; milliseconds since the epoch. */
  knownUntil: number;
  turnedAt: number;
  pending: boolean;
  /** A file, by device and inode, that stood there at the last look with nothing in it to know it by. */
  empty: string | undefined;
}

/** When a directory was last changed and looked through, and for which places. */
interface Listing {
  readonly changed: number;
  readonly at: number;
  readonly places: ReadonlySet<Place>;
}

/**
 * Finds files that were created and rotated between two looks, or while sluice was down: where another file stands at
 * a path than before, there may have been others in between. They have a rotated name in the same directory, and were
 * created and last written after the last look at which the path's file was known.
 */
export class Strays {
  readonly #globs: Globs;
  readonly #places = new Map<string, Place>();
  readonly #settled = new Set<string>();
  readonly #listed = new Map<string, Listing>();

  constructor(globs: Globs, stored: Iterable<Position>) {
    this.#globs = globs;
    for (const { path, id, seen } of stored) {
      if (seen === undefined || seen <= (this.#places.get(path)?.knownUntil ?? 0)) continue;
      this.#places.set(path, { path, stream: id, knownUntil: seen, turnedAt: 0, pending: false, empty: undefined });
    }
  }

  /** All that was created at `path` before this time is known; milliseconds since the epoch. */
  knownUntil(path: string): number | undefined {
    return this.#places.get(path)?.knownUntil;
  }

  /** Strays that are not settled yet, the oldest first. `followed` tells the tail of a file. */
  find(entries: ReadonlyMap<string, Entry>, followed: (entry: Entry) => Tail | undefined): Stray[] {
    const now = Date.now();
    const streams = new Map([...entries.values()].map((entry) => [entry.path, followed(entry)?.id]));
    const byDirectory = Map.groupBy(this.#open(streams, now), ({ path }) => dirname(path));
    if (byDirectory.size === 0) this.#settled.clear();
    const strays = new Map<string, Stray>();
    for (const [directory, places] of byDirectory) {
      if (!this.#mayHaveChanged(directory, places, now)) continue;
      for (const place of places) place.pending = false;
      for (const stray of this.#list(directory, places)) {
        if (!entries.has(keyOf(stray.entry)) && !followed(stray.entry)) strays.set(stray.id, stray);
      }
    }
    return [...strays.values()].sort(byAge);
  }

  /** It is known now what the stray is. */
  settle(stray: Stray): void {
    this.#settled.add(stray.id);
  }

  /** It could not be found out yet what the stray is: it is found again. */
  keep(stray: Stray): void {
    const place = this.#places.get(stray.original);
    if (place && Date.now() - stray.born < PATIENCE_MS) place.pending = true;
  }

  /** Notes which streams stood where at the look that began at `looked`. */
  note(entries: ReadonlyMap<string, Entry>, followed: (entry: Entry) => Tail | undefined, looked: number): void {
    const standing = new Set<string>();
    for (const entry of entries.values()) {
      standing.add(entry.path);
      const tail = followed(entry);
      const place = this.#noteOne(entry.path, tail?.id, looked);
      place.empty = tail ? undefined : keyOf(entry);
      if (tail?.path === entry.path) tail.seen = place.knownUntil;
    }
    for (const { path, knownUntil } of this.#places.values()) {
      if (!standing.has(path) && looked - knownUntil > PATIENCE_MS) this.#places.delete(path);
    }
  }

  #noteOne(path: string, stream: string | undefined, looked: number): Place {
    const known = this.#places.get(path);
    const place = known ?? { path, stream, knownUntil: looked, turnedAt: 0, pending: false, empty: undefined };
    this.#places.set(path, place);
    if (stream === undefined) return place;
    if (place.stream !== stream) place.turnedAt = looked;
    place.stream = stream;
    if (looked - place.turnedAt > RECHECK_MS && !place.pending) place.knownUntil = looked;
    return place;
  }

  /** Places at which another file stands than before, or stood until lately. */
  #open(streams: ReadonlyMap<string, string | undefined>, now: number): Place[] {
    return [...this.#places.values()].filter(
      (it) =>
        it.pending || !streams.get(it.path) || streams.get(it.path) !== it.stream || now - it.turnedAt <= RECHECK_MS,
    );
  }

  #mayHaveChanged(directory: string, places: readonly Place[], now: number): boolean {
    const changed = changeTime(directory);
    const last = this.#listed.get(directory);
    this.#listed.set(directory, { changed, at: now, places: new Set(places) });
    if (last?.changed !== changed || last.at - changed < RECHECK_MS) return true;
    return places.some((place) => place.pending || !last.places.has(place));
  }

  #list(directory: string, places: readonly Place[]): Stray[] {
    const index = new NameIndex<Place>();
    for (const place of places) index.add(place);
    const found: Stray[] = [];
    for (const path of namesIn(directory).map((name) => join(directory, name))) {
      const place = index.originals(path)[0];
      const stray = place && !this.#globs.excludes(path) ? strayAt(path, place) : null;
      if (stray && !this.#settled.has(stray.id)) found.push(stray);
    }
    return found;
  }
}

/** The older one first. Within one tick of the file system's clock the names have to tell. */
function byAge(a: Stray, b: Stray): number {
  return a.entry.mtime - b.entry.mtime || a.born - b.born || compareAge(a.entry.path, b.entry.path);
}

function changeTime(directory: string): number {
  try {
    return statSync(directory).mtimeMs;
  } catch {
    return 0;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function strayAt(path: string, place: Place): Stray | null {
  const found = entryAt(path);
  if (!found) return null;
  // Where a file system does not tell when a file was created, its last change has to do.
  const born = found.born > 0 ? found.born : found.mtime;
  const recent = Math.min(born, found.mtime) >= place.knownUntil - TICK_MS;
  if (!recent && keyOf(found) !== place.empty) return null;
  const entry = { ...found, first: place.path };
  return { entry, original: place.path, id: `${keyOf(found)} ${born}`, born };
}
