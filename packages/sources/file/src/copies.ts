import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Entry, entryAt, keyOf } from "./globs.ts";
import { isCopyName } from "./names.ts";
import { bytesBefore, type Opened, type Opener } from "./opening.ts";
import { begins, MARK_BYTES, markOf, type Position } from "./position.ts";
import type { Tail } from "./tail.ts";
import { isShortage } from "./troubles.ts";

const NOTHING = Buffer.alloc(0);
const SKIP_BYTES = 262_144;
/** Names that rotation may have made are looked at from the newest on, so many at most. */
const CANDIDATES = 10;

/** How a file's content relates to a stream: it goes on behind what was read, holds nothing new, or is something else. */
export type Relation =
  | { readonly kind: "continues"; readonly before: Uint8Array }
  | { readonly kind: "contained" }
  | { readonly kind: "other" };

/** Compares an open file with what was read of a stream whose own file is gone or was written anew. */
export async function relate(opened: Opened, position: Position): Promise<Relation> {
  const before = await bytesBefore(opened, position);
  if (before !== null) return { kind: "continues", before };
  if (!begins(position.head, opened.head)) return { kind: "other" };
  // The copy may be older than the last read; then only its beginning can tell.
  const { length } = await lastBytes(opened);
  return { kind: length < position.offset ? "contained" : "other" };
}

/** The last bytes of the content and where they end. Reads a packed file to its end. */
export async function lastBytes(opened: Opened): Promise<{ readonly length: number; readonly last: Uint8Array }> {
  if (!opened.packed) {
    const start = Math.max(0, opened.stat.size - MARK_BYTES);
    const piece = await opened.reader.read(start, NOTHING, MARK_BYTES);
    return { length: start + (piece?.bytes.length ?? 0), last: piece?.bytes ?? NOTHING };
  }
  let last: Uint8Array = NOTHING;
  for (let length = 0; ; ) {
    const piece = await opened.reader.read(length, NOTHING, SKIP_BYTES);
    const bytes = piece?.bytes ?? NOTHING;
    length += bytes.length;
    last = Uint8Array.from(Buffer.concat([last, bytes.subarray(-MARK_BYTES)]).subarray(-MARK_BYTES));
    if (!piece || piece.end) return { length, last };
  }
}

/** Whether all of a file's content is the beginning of what a followed file holds. */
export async function isPartOf(opened: Opened, tail: Tail, opener: Opener): Promise<boolean> {
  const { length, last } = await lastBytes(opened);
  const original = await opener.open(tail.at);
  try {
    if (keyOf(original.stat) !== keyOf(tail)) return false;
    const piece = await original.reader.read(length - last.length, NOTHING, last.length);
    return piece !== null && markOf(piece.bytes).hash === markOf(last).hash;
  } finally {
    original.reader.close();
  }
}

/** Files beside the stream's own whose names rotation may have made, the newest first. */
function siblings(position: Position): Entry[] {
  const path = position.at ?? position.path;
  const entries: Entry[] = [];
  try {
    for (const name of readdirSync(dirname(path))) {
      const entry = isCopyName(position, join(dirname(path), name)) ? entryAt(join(dirname(path), name)) : null;
      if (entry) entries.push(entry);
    }
  } catch {
    return [];
  }
  return entries.sort((a, b) => b.mtime - a.mtime).slice(0, CANDIDATES);
}

/** Finds files by inode in directories, each of which is listed once. */
export class InodeFinder {
  readonly #directories = new Map<string, Map<string, Entry>>();
  /** A directory could not be listed: what was not found may be there all the same. */
  failed = false;
  /** It could not be listed for lack of file descriptors. */
  short = false;

  /** The file with this inode, whatever its name is now, in a directory where it was. */
  find(file: {
    readonly path: string;
    readonly at?: string | undefined;
    readonly real?: string | undefined;
    readonly dev: string;
    readonly ino: string;
  }): Entry | undefined {
    for (const path of [file.at ?? file.path, file.real]) {
      const entry = path === undefined ? undefined : this.#list(dirname(path)).get(keyOf(file));
      if (entry) return entry;
    }
    return undefined;
  }

  #list(directory: string): Map<string, Entry> {
    const known = this.#directories.get(directory);
    if (known) return known;
    const entries = new Map<string, Entry>();
    this.#directories.set(directory, entries);
    try {
      for (const name of readdirSync(directory)) {
        const entry = entryAt(join(directory, name));
        if (entry) entries.set(keyOf(entry), entry);
      }
    } catch (error) {
      // A directory that is gone took the file with it; any other failure says nothing about the file.
      this.failed ||= (error as NodeJS.ErrnoException).code !== "ENOENT";
      this.short ||= isShortage(error);
    }
    return entries;
  }
}

/** Looks for the file in which a stream goes on: its content, copied or packed. */
export async function findCopy(
  position: Position,
  opener: Opener,
  taken: (entry: Entry) => boolean,
): Promise<{ readonly entry: Entry; readonly opened: Opened; readonly before: Uint8Array } | null> {
  for (const entry of siblings(position)) {
    if (taken(entry) || entry.size === 0) continue;
    const opened = await opener.open(entry.path).catch(() => null);
    if (!opened) continue;
    const relation = await relate(opened, position).catch(() => ({ kind: "other" }) as const);
    if (relation.kind === "continues") return { entry, opened, before: relation.before };
    opened.reader.close();
  }
  return null;
}
