import { type FileHandle, open, unlink } from "node:fs/promises";
import { decodeHeader, HEADER_BYTES, isIntact, type RecordHeader } from "./record.ts";

/** A record's bytes, and where the next one starts. */
export interface FoundRecord {
  readonly header: RecordHeader;
  readonly record: Buffer;
  readonly next: number;
}

/** One file of a buffer: records back to back, only ever appended to. */
export class Segment {
  readonly path: string;
  /** Number of its first record. */
  readonly first: number;
  /** Bytes that are on the disk for certain; only these are read. */
  synced: number;
  /** Records that were read and are not resolved. */
  open = 0;
  /** No record will be appended. */
  sealed = false;
  /** All of it was read. */
  read = false;
  #written: number;
  /** One for reading and writing, opened once however many ask for it. */
  #handle: Promise<FileHandle> | undefined;

  constructor(path: string, first: number, size: number) {
    this.path = path;
    this.first = first;
    this.synced = size;
    this.#written = size;
  }

  /** Creates the file. One that is there already holds nothing that was ever synced. */
  static async create(path: string, first: number): Promise<Segment> {
    const segment = new Segment(path, first, 0);
    segment.#handle = open(path, "w+", 0o640);
    await (await segment.#opened()).chmod(0o640);
    return segment;
  }

  /** Appends and waits for the disk. Rejects when that fails: then nothing of it counts, and `rollBack` is due. */
  async append(records: readonly Buffer[]): Promise<void> {
    const handle = await this.#opened();
    for (const record of records) {
      for (let done = 0; done < record.length; ) {
        const { bytesWritten } = await handle.write(record, done, record.length - done, this.#written);
        done += bytesWritten;
        this.#written += bytesWritten;
      }
    }
    await handle.datasync();
    this.synced = this.#written;
  }

  /** Takes back what was written and not synced. */
  async rollBack(): Promise<void> {
    this.#written = this.synced;
    await (await this.#opened()).truncate(this.synced);
  }

  /** The record at `offset`; null when there is no intact one. */
  async recordAt(offset: number): Promise<FoundRecord | null> {
    const handle = await this.#opened();
    const head = Buffer.allocUnsafe(HEADER_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEADER_BYTES, offset);
    const header = decodeHeader(head.subarray(0, bytesRead));
    if (!header || offset + header.size > this.synced) return null;
    const record = Buffer.allocUnsafeSlow(header.size);
    head.copy(record);
    for (let at = HEADER_BYTES; at < header.size; ) {
      const { bytesRead: n } = await handle.read(record, at, header.size - at, offset + at);
      if (n === 0) return null;
      at += n;
    }
    return isIntact(header, record) ? { header, record, next: offset + header.size } : null;
  }

  /** Cuts off what a death in the midst of writing has left at the end, and tells of the last record. */
  async cutTornTail(): Promise<{ readonly torn: number; readonly last: RecordHeader | undefined }> {
    let end = 0;
    let last: RecordHeader | undefined;
    for (let found = await this.recordAt(0); found; found = await this.recordAt(end)) {
      end = found.next;
      last = found.header;
    }
    const torn = this.synced - end;
    this.synced = end;
    if (torn > 0) await this.rollBack();
    return { torn, last };
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle?.catch(() => undefined))?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    await unlink(this.path);
  }

  async #opened(): Promise<FileHandle> {
    this.#handle ??= open(this.path, "r+");
    try {
      return await this.#handle;
    } catch (error) {
      this.#handle = undefined;
      throw error;
    }
  }
}
