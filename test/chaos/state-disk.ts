import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { requireDebian } from "@sluice/testkit";

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;

/**
 * The state directory on a disk of its own: a file system in a file, so that it can be full, read-only, and lose power.
 * What the file holds is what a disk would hold: pages that nobody has synced are not in it. Where nothing may be mounted it
 * is an ordinary directory, and `isReal` says so.
 */
export class StateDisk implements Disposable {
  readonly dir: string;
  readonly isReal: boolean;
  readonly #work: string;
  #image: string;
  #images = 0;

  constructor(work: string) {
    this.#work = work;
    this.dir = join(work, "disk");
    mkdirSync(this.dir);
    this.#image = this.#nextImage();
    writeFileSync(this.#image, "");
    truncateSync(this.#image, SIZE);
    const made = process.getuid?.() === 0 && requireDebian(["e2fsprogs:mkfs.ext4"]);
    this.isReal = made && run("mkfs.ext4", "-q", "-F", this.#image) && this.#mount();
  }

  get stateDir(): string {
    return join(this.dir, "state");
  }

  /** Takes all room that is left. */
  fill(): void {
    const fd = openSync(join(this.dir, "ballast"), "w");
    const block = Buffer.alloc(MIB, 1);
    try {
      for (let size = MIB; size >= 512; size = Math.floor(size / 2)) while (tryWrite(fd, block.subarray(0, size)));
    } finally {
      closeSync(fd);
    }
  }

  makeRoom(): void {
    rmSync(join(this.dir, "ballast"), { force: true });
  }

  /** Nobody may have a file open for writing. False when somebody has. */
  readOnly(on: boolean): boolean {
    return run("mount", "-o", `remount,${on ? "ro" : "rw"}`, this.dir);
  }

  /** What is on the disk at this moment, as a new disk; the process that writes to it is stopped (SIGSTOP). */
  snapshot(): string {
    const copy = this.#nextImage();
    copyFileSync(this.#image, copy);
    return copy;
  }

  /** Goes on with a snapshot: everything that was not synced by then is gone. Nobody uses the disk. */
  goOnWith(snapshot: string): void {
    this.#unmount();
    rmSync(this.#image);
    this.#image = snapshot;
    if (!this.#mount()) throw new Error("the disk cannot be mounted after the power loss");
  }

  [Symbol.dispose](): void {
    if (this.isReal) this.#unmount();
  }

  #nextImage(): string {
    return join(this.#work, `disk-${++this.#images}.img`);
  }

  #mount(): boolean {
    return run("mount", "-o", "loop", this.#image, this.dir);
  }

  #unmount(): void {
    if (!run("umount", this.dir)) run("umount", "-l", this.dir);
  }
}

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

function tryWrite(fd: number, bytes: Uint8Array): boolean {
  try {
    return writeSync(fd, bytes) === bytes.length;
  } catch {
    return false;
  }
}
