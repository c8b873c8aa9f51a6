import { basename } from "node:path";

/** A file by the paths it has or had. */
export interface Named {
  readonly path: string;
  readonly at?: string | undefined;
}

const PACKED = /\.(?:gz|zst|bz2|xz)$/i;
/** A number, a date, or a word that rotation puts behind a name. */
const SUFFIX = /(?:\.\d+|[-._]\d{6,}(?:[-_.T:]?\d+)*|[-._]\d{4}[-_.]\d\d[-_.]\d\d(?:[-_.T:]?\d+)*|\.(?:old|bak)|~)$/i;
/** A date that rotation puts before the extension. */
const INFIX = /[-._](?:\d{6,}|\d{4}[-_.]\d\d[-_.]\d\d)(?:[-_.T:]?\d+)*(?=\.[a-z]\w*$)/i;

/** The name that a log has before rotation: `access.log` of `access.log.1.gz`, `access.log-20260101`, `access-20260101.log`. */
export function rootName(path: string): string {
  let name = basename(path).replace(PACKED, "");
  for (let shorter = name.replace(SUFFIX, ""); shorter !== name && shorter !== ""; shorter = name.replace(SUFFIX, "")) {
    name = shorter;
  }
  return name.replace(INFIX, "");
}

/** Orders rotated names of one log, the oldest first: `.2` is older than `.1`, a date is older than a later one. */
export function compareAge(a: string, b: string): number {
  const [first, second] = [a, b].map((path) => /\.(\d{1,5})$/.exec(path.replace(PACKED, ""))?.[1]);
  if (first !== undefined && second !== undefined) return Number(second) - Number(first);
  return a < b ? -1 : Number(a > b);
}

/** Whether `path` is a name that rotation gives to a copy of the file. */
export function isCopyName(original: Named, path: string): boolean {
  const root = rootName(path);
  if (root === basename(path) || path === (original.at ?? original.path)) return false;
  return rootsOf(original).includes(root);
}

function rootsOf({ path, at }: Named): string[] {
  const root = rootName(path);
  const other = at === undefined || at === path ? root : rootName(at);
  return other === root ? [root] : [root, other];
}

/** Finds the files of which a path may name a copy, without looking at each. */
export class NameIndex<T extends Named> {
  readonly #files = new Map<string, Set<T>>();

  add(file: T): void {
    for (const root of rootsOf(file)) {
      const same = this.#files.get(root);
      if (same) same.add(file);
      else this.#files.set(root, new Set([file]));
    }
  }

  /** To be called with the paths that the file had when it was added. */
  remove(file: T): void {
    for (const root of rootsOf(file)) {
      const same = this.#files.get(root);
      same?.delete(file);
      if (same?.size === 0) this.#files.delete(root);
    }
  }

  /** Files that `path` may be a copy of, by name. */
  originals(path: string): T[] {
    return [...(this.#files.get(rootName(path)) ?? [])].filter((file) => isCopyName(file, path));
  }
}
