import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What goes wrong: `sync` and `write` fail with EIO, `short` writes take half of what they are given. */
export type DiskFault = "none" | "sync" | "write" | "short";

/** Lets what a program does with the files below a directory fail. Needs `gcc`. */
export class FailingDisk {
  /** Environment for the program. */
  readonly env: NodeJS.ProcessEnv;
  readonly #now: string;

  /** @param work a directory for the library and what it reads; @param dir the files that are concerned */
  constructor(work: string, dir: string) {
    const library = join(work, "failing-disk.so");
    const source = join(import.meta.dirname, "failing-disk.c");
    execFileSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
    this.#now = join(work, "failing-now");
    this.env = { LD_PRELOAD: library, FAILING_DIR: dir, FAILING_NOW: this.#now };
    this.set("none");
  }

  set(fault: DiskFault): void {
    writeFileSync(this.#now, fault);
  }
}
