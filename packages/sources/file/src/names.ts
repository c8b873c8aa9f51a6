import { basename, extname } from "node:path";

/** A file by the paths it has or had. */
export interface Named {
  readonly path: string;
  readonly at?: string | undefined;
}

const SEPARATOR = /[-._~]/;

function parts(path: string): { readonly base: string; readonly stem: string; readonly extension: string } {
  const base = basename(path);
  const extension = extname(base);
  return { base, stem: base.slice(0, base.length - extension.length), extension };
}

function pathsOf({ path, at }: Named): string[] {
  return at === undefined || at === path ? [path] : [path, at];
}

/**
 * Whether `path` is a name that rotation gives to a copy of the file: `access.log.1`, `access.log-20260101.gz`,
 * `access-20260101.log` for `access.log`.
 */
export function isCopyName(original: Named, path: string): boolean {
  const name = basename(path);
  return pathsOf(original).some((from) => {
    const { base, stem, extension } = parts(from);
    if (path === from || name.length <= base.length) return false;
    if (name.startsWith(base) && SEPARATOR.test(name.charAt(base.length))) return true;
    const dated = extension !== "" && name.startsWith(stem) && SEPARATOR.test(name.charAt(stem.length));
    return dated && name.includes(extension, stem.length);
  });
}

/** Finds the files of which a path may name a copy, without looking at each. */
export class NameIndex<T extends Named> {
  readonly #files = new Map<string, Set<T>>();

  add(file: T): void {
    for (const key of keysOf(file)) {
      const same = this.#files.get(key);
      if (same) same.add(file);
      else this.#files.set(key, new Set([file]));
    }
  }

  /** To be called with the paths that the file had when it was added. */
  remove(file: T): void {
    for (const key of keysOf(file)) {
      const same = this.#files.get(key);
      same?.delete(file);
      if (same?.size === 0) this.#files.delete(key);
    }
  }

  /** Files that `path` may be a copy of, by name. */
  *originals(path: string): Generator<T> {
    const name = basename(path);
    for (let end = 1; end < name.length; end++) {
      if (!SEPARATOR.test(name.charAt(end))) continue;
      for (const file of this.#files.get(name.slice(0, end)) ?? []) if (isCopyName(file, path)) yield file;
    }
  }
}

function keysOf(file: Named): Set<string> {
  return new Set(pathsOf(file).flatMap((path) => [parts(path).base, parts(path).stem]));
}
