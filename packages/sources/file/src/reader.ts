import { closeSync, fstatSync, open, readv } from "node:fs";
import { promisify } from "node:util";

const openFile = promisify(open);

/** A run of bytes out of a file. */
export interface Bytes {
  /** Owns its ArrayBuffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether the end was reached: there is nothing more now. */
  readonly end: boolean;
}

/** What an open file says of itself. */
export interface OpenStat {
  readonly dev: string;
  readonly ino: string;
  readonly size: number;
  readonly mtime: number;
  /** When it was created, in milliseconds since the epoch; 0 where the file system does not tell. */
  readonly born: number;
  /** Names that the file still has; 0 once it was deleted. */
  readonly links: number;
}

/** Reads the content of one open file. */
export interface Reader {
  /**
   * Reads up to `want` bytes at `offset`. Null when the bytes before `offset` are not `before` any more: the file was
   * truncated or written anew.
   */
  read(offset: number, before: Uint8Array, want: number): Promise<Bytes | null>;
  stat(): OpenStat;
  /** Starts over at the packed file's beginning, where there is one, because it changed. */
  restart(lenient: boolean): void;
  close(): void;
}

/** State of an open file descriptor. */
function statOf(fd: number): OpenStat {
  const { dev, ino, size, mtimeNs, birthtimeNs, nlink } = fstatSync(fd, { bigint: true });
  return {
    dev: String(dev),
    ino: String(ino),
    size: Number(size),
    mtime: Number(mtimeNs) / 1e6,
    born: Number(birthtimeNs) / 1e6,
    links: Number(nlink),
  };
}

/** Gives the descriptor back at once, for the next file. Nothing is lost when closing a file that was only read fails. */
function closeNow(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The descriptor is free all the same.
  }
}

/** Opens a file for reading; rejects with the system's error. */
export async function openReader(path: string): Promise<PlainReader> {
  return new PlainReader(await openFile(path, "r"));
}

/** Reads a file as it is. */
export class PlainReader implements Reader {
  readonly fd: number;
  #reading = 0;
  #closed = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  async read(offset: number, before: Uint8Array, want: number): Promise<Bytes | null> {
    const buffer = Buffer.allocUnsafeSlow(want).buffer as ArrayBuffer;
    const seen = Buffer.allocUnsafe(before.length);
    const start = offset - before.length;
    if (this.#closed) throw new Error("the file was closed while it was read");
    let got = await this.#readv([seen, new Uint8Array(buffer)], start);
    if (got < before.length || !seen.equals(before)) return null;
    got -= before.length;
    return { bytes: new Uint8Array(buffer, 0, got), end: got < want };
  }

  stat(): OpenStat {
    return statOf(this.fd);
  }

  restart(): void {}

  /** Closes the file, once a read that is under way has ended: its number could belong to another file by then. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#reading === 0) closeNow(this.fd);
  }

  /** One system call for the bytes before the position and those after it, so that nothing comes in between. */
  #readv(buffers: Uint8Array[], position: number): Promise<number> {
    this.#reading++;
    return new Promise((resolve, reject) => {
      readv(this.fd, buffers, position, (error, got) => {
        this.#reading--;
        if (this.#closed && this.#reading === 0) closeNow(this.fd);
        if (error) reject(error);
        else resolve(got);
      });
    });
  }
}
