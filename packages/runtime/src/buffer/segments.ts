import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateDir } from "../state/private-files.ts";
import type { RecordHeader } from "./record.ts";
import { Segment } from "./segment.ts";

const SMALLEST = 64 * 1024;
const LARGEST = 16 * 1024 * 1024;
/** A buffer is made of about so many segments: space comes free by whole ones. */
const PER_BUFFER = 16;
const FILE = /^(\d{16})\.seg$/;

/** The files of one buffer, oldest first; each is named after its first record. */
export class Segments {
  readonly #dir: string;
  readonly segmentBytes: number;
  readonly list: Segment[] = [];

  constructor(dir: string, bufferBytes: number) {
    this.#dir = dir;
    this.segmentBytes = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(bufferBytes / PER_BUFFER)));
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.list.reduce((sum, segment) => sum + segment.synced, 0);
  }

  /** Finds what an earlier run has left: the bytes of a torn tail that were cut off, and the last record. */
  async open(): Promise<{ readonly torn: number; readonly last: RecordHeader | undefined }> {
    makePrivateDir(this.#dir);
    for (const name of (await readdir(this.#dir)).sort()) {
      const first = FILE.exec(name)?.[1];
      if (first === undefined) continue;
      const path = join(this.#dir, name);
      const segment = new Segment(path, Number(first), (await stat(path)).size);
      segment.sealed = true;
      this.list.push(segment);
    }
    let torn = 0;
    for (const segment of this.list.toReversed()) {
      const end = await segment.cutTornTail();
      torn += end.torn;
      if (end.last) return { torn, last: end.last };
      // Its number says nothing: those of the records begin anew, below it, once all that were before it are gone.
      await this.remove(segment);
    }
    return { torn, last: undefined };
  }

  /**
   * Appends records, of which the first has the number `seq`, to the last segment, or to a new one when that is full.
   * Rejects when the disk did not take them; then nothing of them is kept.
   */
  async append(seq: number, records: readonly Buffer[]): Promise<void> {
    const segment = await this.#current(seq);
    try {
      await segment.append(records);
    } catch (error) {
      // After a failed sync nobody knows what the disk has: what follows goes into another file.
      const full = (error as NodeJS.ErrnoException).code === "ENOSPC";
      const clean = await segment.rollBack().then(
        () => true,
        () => false,
      );
      if (segment.synced > 0 && !(full && clean)) segment.sealed = true;
      throw error;
    }
  }

  /** Deletes the file of a segment. It is gone for good when this resolves. */
  async remove(segment: Segment): Promise<void> {
    await segment.remove();
    this.list.splice(this.list.indexOf(segment), 1);
    await this.#syncDir();
  }

  async close(): Promise<void> {
    for (const segment of this.list) await segment.close();
  }

  async #current(seq: number): Promise<Segment> {
    const last = this.list.at(-1);
    if (last && !last.sealed && last.synced < this.segmentBytes) return last;
    const segment = await Segment.create(join(this.#dir, `${String(seq).padStart(16, "0")}.seg`), seq);
    try {
      await this.#syncDir();
    } catch (error) {
      // Left open, its handle would end the process once it is collected.
      await segment.close();
      throw error;
    }
    if (last) last.sealed = true;
    this.list.push(segment);
    return segment;
  }

  async #syncDir(): Promise<void> {
    const dir = await open(this.#dir, "r");
    try {
      await dir.sync();
    } finally {
      await dir.close();
    }
  }
}
