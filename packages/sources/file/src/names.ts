import { basename } from "node:path";
import { rootName } from "@sluice/archive";

/** A file by the paths it has or had. */
export interface Named {
  readonly path: string;
  readonly at?: string | undefined;
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
