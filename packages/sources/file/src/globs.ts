import { globSync, lstatSync, statSync } from "node:fs";
import { matchesGlob, resolve } from "node:path";

/** A regular file as one scan saw it. */
export interface Entry {
  /** Path as the globs gave it: the link, where it is a symbolic link. */
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
  /** When it was created, in milliseconds since the epoch; 0 where the file system does not tell. */
  readonly born: number;
  /** Path where it stood before it was first seen, when that is known and another one. */
  readonly first?: string;
}

/** Device and inode: one file, whatever its names. */
export function keyOf(file: { readonly dev: string; readonly ino: string }): string {
  return `${file.dev}:${file.ino}`;
}

/** The regular file at `path`, symbolic links followed, or null when there is none that can be looked at. */
export function entryAt(path: string): Entry | null {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stat?.isFile()) return null;
    const { dev, ino, size, mtimeNs, birthtimeNs } = stat;
    const times = { mtime: Number(mtimeNs) / 1e6, born: Number(birthtimeNs) / 1e6 };
    return { path, dev: String(dev), ino: String(ino), size: Number(size), ...times };
  } catch {
    return null;
  }
}

const listOf = (value: string | readonly string[] | undefined) => (typeof value === "string" ? [value] : (value ?? []));

/** The files that `include` and not `exclude` name. */
export class Globs {
  readonly include: readonly string[];
  readonly #exclude: readonly string[];

  constructor(include: string | readonly string[], exclude: string | readonly string[] | undefined, baseDir: string) {
    this.include = listOf(include).map((glob) => resolve(baseDir, glob));
    this.#exclude = listOf(exclude).map((glob) => resolve(baseDir, glob));
  }

  /** Paths that match now, each once. A name that holds glob characters itself is found too. */
  paths(): Set<string> {
    const paths = new Set<string>();
    for (const glob of this.include) {
      if (lstatSync(glob, { throwIfNoEntry: false })) paths.add(glob);
      for (const path of globSync(glob)) paths.add(path);
    }
    for (const path of paths) if (this.excludes(path)) paths.delete(path);
    return paths;
  }

  excludes(path: string): boolean {
    return this.#exclude.some((glob) => matchesGlob(path, glob));
  }

  /** Whether a file at `path` would be listed, told by the path alone. */
  matches(path: string): boolean {
    return this.include.some((glob) => path === glob || matchesGlob(path, glob)) && !this.excludes(path);
  }

  /** Files that match now by device and inode: one that has several names is listed once. */
  list(): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const path of this.paths()) {
      const entry = entryAt(path);
      if (entry && !entries.has(keyOf(entry))) entries.set(keyOf(entry), entry);
    }
    return entries;
  }
}
