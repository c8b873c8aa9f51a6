import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the host shows itself, which from within a container may be elsewhere than usual. */
export class HostFiles {
  readonly procRoot: string;
  readonly sysRoot: string;
  readonly root: string;
  /** Whether these are the roots of this very machine (and namespace). */
  readonly isOwn: boolean;

  constructor({ proc_root, sys_root, root }: { proc_root: string; sys_root: string; root: string }) {
    this.procRoot = proc_root;
    this.sysRoot = sys_root;
    this.root = root;
    this.isOwn = proc_root === "/proc";
  }

  /** A file of procfs or throws. Files of procfs and sysfs come out of memory, so that reading them does not wait. */
  proc(...path: string[]): string {
    return readFileSync(join(this.procRoot, ...path), "utf8");
  }

  /** A file that belongs to a namespace: our own, or that of the host's first process. */
  ofNamespace(path: string): string {
    return this.proc(this.isOwn ? "self" : "1", path);
  }

  /** A file of sysfs without its line end, or undefined where there is none. */
  sys(...path: string[]): string | undefined {
    return readIfThere(join(this.sysRoot, ...path))?.trim();
  }

  /** A path of the host as it is reached from here. */
  onHost(path: string): string {
    return this.root === "/" ? path : join(this.root, path);
  }
}

/** Text of a file, or undefined where it cannot be read. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
