import { constants, type Stats } from "node:fs";
import { access, type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "./rotated-files.ts";

const NEWLINE = 0x0a;
/** How much of a file's end is looked at for a line that was torn by a crash. */
const TAIL_BYTES = 4 * 1024 * 1024;
const DIRECTORY_MODE = 0o750;

export interface LineFileOptions {
  readonly path: string;
  readonly mode: number;
  /** Wait until the disk has the data. */
  readonly sync: boolean;
  /** Whether a torn last line may be removed: it is sluice's own, and is written again. */
  readonly isTorn: (tail: string) => boolean;
}

/** A file to which whole batches of lines are appended, all or nothing. Follows its path when it is moved away. */
export class LineFile {
  readonly #options: LineFileOptions;
  #handle: FileHandle | undefined;
  /** Size to go back to, when cutting off half a batch failed. */
  #repairTo: number | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** Appends complete lines. Rejects with nothing written, so that the same lines can be given again. */
  async append(bytes: Uint8Array): Promise<void> {
    const handle = await this.#current();
    const info = await handle.stat();
    if (!info.isFile()) return writeAll(handle, bytes);
    if (this.#repairTo !== undefined) await this.#repair(handle, this.#repairTo);
    const before = this.#repairTo ?? info.size;
    this.#repairTo = undefined;
    try {
      await writeAll(handle, bytes);
      if (this.#options.sync) await handle.datasync();
    } catch (error) {
      this.#repairTo = before;
      await this.#repair(handle, before).then(
        () => (this.#repairTo = undefined),
        () => {},
      );
      throw error;
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** Tells whether the file, or the directory it would be made in, can be written. */
  async check(): Promise<void> {
    for (let path = this.#options.path; ; path = dirname(path)) {
      const found = await stat(path).catch(() => undefined);
      const isFile = path === this.#options.path;
      if (found && !isFile && !found.isDirectory()) throw new Error(`${path} is no directory`);
      if (found?.isDirectory() && isFile) throw new Error("it is a directory");
      if (found) return access(path, constants.W_OK);
      if (path === dirname(path)) return;
    }
  }

  /** The open file, opened anew when another or none is at the path: logrotate has moved it. */
  async #current(): Promise<FileHandle> {
    const { path } = this.#options;
    if (this.#handle) {
      const [here, there] = [await this.#handle.stat(), await stat(path).catch(() => undefined)];
      if (there && isSame(here, there)) return this.#handle;
      this.#repairTo = undefined;
      await this.close();
    }
    await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    this.#handle = await this.#open(path);
    await this.#mendTail(this.#handle);
    return this.#handle;
  }

  async #open(path: string): Promise<FileHandle> {
    const { mode, sync } = this.#options;
    try {
      const made = await open(path, "ax+", mode);
      // The umask is taken off the mode given to open. A name that the disk does not know is lost with the power.
      await made.chmod(mode);
      if (sync) await syncDirectory(path);
      return made;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      return open(path, "a+");
    }
  }

  /** A crash may have left half a line: it is cut off when it is ours, else ended. */
  async #mendTail(handle: FileHandle): Promise<void> {
    const info = await handle.stat();
    if (!info.isFile() || info.size === 0) return;
    const from = Math.max(0, info.size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(info.size - from), 0, info.size - from, from);
    const tail = buffer.subarray(0, bytesRead);
    if (tail.at(-1) === NEWLINE) return;
    const start = tail.lastIndexOf(NEWLINE) + 1;
    const isWhole = from === 0 || start > 0;
    if (isWhole && this.#options.isTorn(tail.toString("utf8", start))) await handle.truncate(from + start);
    else await writeAll(handle, Buffer.of(NEWLINE));
  }

  async #repair(handle: FileHandle, size: number): Promise<void> {
    await handle.truncate(size);
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}
