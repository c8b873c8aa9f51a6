import type { BatchOrigin, EncodedBatch } from "@sluice/core";
import type { PartResult } from "../acks/settlement.ts";
import { type BackoffOptions, backoffDelay, pause } from "../backoff.ts";
import type { Trouble } from "../sink/trouble.ts";
import type { BufferIndex } from "../state/held.ts";
import { type BufferRecord, encodeRecord } from "./record.ts";
import { RecordReader } from "./record-reader.ts";
import { Segments } from "./segments.ts";
import type { BufferedBatch } from "./shares.ts";

export interface DiskBufferOptions {
  readonly dir: string;
  /** Most bytes on the disk. */
  readonly size: number;
  readonly compress: boolean;
  readonly whenFull: "block" | "drop_oldest" | "drop_newest";
  readonly retry: BackoffOptions;
  readonly index: BufferIndex;
  readonly trouble: Trouble;
  readonly deadline: AbortSignal;
}

interface Waiting {
  readonly seq: number;
  readonly record: Buffer;
  readonly synced: () => void;
}

/** Bytes that may wait for the disk before `append` asks to be waited for. */
const UNSYNCED = 4 * 1024 * 1024;
/** More than the batches that can have been under way when sluice died, so that no number is given twice. */
const BATCHES_APART = 1_000_000;

/**
 * A queue of batches on the disk: appended with a checksum, synced in groups, read in order, and gone once resolved. What
 * was synced survives `kill -9` and a power cut.
 */
export class DiskBuffer {
  readonly #options: DiskBufferOptions;
  readonly #segments: Segments;
  readonly #reader: RecordReader;
  readonly #queue: Waiting[] = [];
  #unsynced = 0;
  #writing: Promise<void> | undefined;
  #next = 1;
  /** Number of the first record of this run. */
  born = 1;
  #news: (() => void)[] = [];
  /** Called with the oldest record when it has to make room; must resolve it. */
  onShed: (record: BufferRecord) => void = () => undefined;

  constructor(options: DiskBufferOptions) {
    this.#options = options;
    this.#segments = new Segments(options.dir, options.size);
    this.#reader = new RecordReader(this.#segments, options.index, options.trouble);
    this.#reader.onFree = () => this.#tell();
  }

  /** Bytes of records that are not resolved, and of those that wait for the disk. */
  get bytes(): number {
    return this.#reader.live + this.#unsynced;
  }

  get full(): boolean {
    return this.bytes >= this.#limit;
  }

  /** Space comes free by whole segments, so that one of them is kept back. */
  get #limit(): number {
    return this.#options.size - this.#segments.segmentBytes;
  }

  /** Events of earlier runs that wait, as far as the state knows. */
  waiting(): number {
    return this.#options.index.waiting();
  }

  /** Finds what an earlier run has left. Returns a number for the next batch that no batch on the disk has. */
  async open(): Promise<number> {
    const { index, trouble } = this.#options;
    const { torn, last } = await this.#segments.open();
    if (torn > 0) trouble.note(new Error(`${torn} bytes`), "cut off the torn end of the disk buffer");
    const known = index.last();
    this.#next = Math.max(known.seq, last?.seq ?? 0) + 1;
    this.born = this.#next;
    this.#reader.begin(this.born, index.firstAfterLoss(this.#next));
    // Of files that an earlier run deleted just before it died.
    index.forget(0, this.#segments.list[0]?.first ?? this.#next);
    return Math.max(known.batch, last?.batch ?? 0) + BATCHES_APART;
  }

  /**
   * Appends a batch; `synced` is called with its number once it is on the disk.
   * @returns Undefined when there is room for the next one, else a promise of it.
   */
  append(
    buffered: BufferedBatch,
    origin: BatchOrigin,
    encoded: EncodedBatch,
    synced: (seq: number) => void,
  ): Promise<void> | undefined {
    const seq = this.#next++;
    const record = encodeRecord({ seq, ...buffered, origin }, encoded, this.#options.compress);
    this.#queue.push({ seq, record, synced: () => synced(seq) });
    this.#unsynced += record.length;
    this.#writing ??= this.#write();
    return this.#hasRoom() ? undefined : this.#room();
  }

  /** The next record, in order; undefined when there is none now. Rejects when the disk cannot be read. */
  read(): Promise<BufferRecord | undefined> {
    return this.#reader.read();
  }

  /** Resolves when something was appended or resolved, or at `wake`. */
  news(): Promise<void> {
    return new Promise((resolve) => this.#news.push(resolve));
  }

  /** The far end has a record, or never will; its space comes free once the state knows. */
  resolve(seq: number, result: PartResult): void {
    this.#reader.resolve(seq, result);
    this.#tell();
  }

  /** Resolves when nothing waits for the disk; at the deadline even so. */
  async synced(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.#reader.idle();
    await this.#segments.close();
  }

  wake(): void {
    this.#tell();
  }

  #hasRoom(): boolean {
    if (this.#unsynced >= UNSYNCED) return false;
    const { whenFull } = this.#options;
    if (whenFull === "block") return this.#segments.bytes + this.#unsynced < this.#limit;
    return whenFull === "drop_newest" || !this.full;
  }

  async #room(): Promise<void> {
    while (!this.#hasRoom() && !this.#options.deadline.aborted) await this.news();
  }

  #tell(): void {
    for (const resolve of this.#news.splice(0)) resolve();
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0 && !this.#options.deadline.aborted) {
      if (this.#options.whenFull === "drop_oldest") await this.#shed();
      const group = this.#nextGroup();
      if (!(await this.#store(group))) break;
      const bytes = group.reduce((sum, { record }) => sum + record.length, 0);
      this.#unsynced -= bytes;
      this.#reader.added(bytes);
      for (const { synced } of group) synced();
      this.#tell();
    }
    this.#writing = undefined;
    this.#tell();
  }

  /** As many as share one sync: up to a segment full, at least one. */
  #nextGroup(): Waiting[] {
    let bytes = 0;
    const end = this.#queue.findIndex(({ record }) => (bytes += record.length) > this.#segments.segmentBytes);
    return this.#queue.splice(0, end < 0 ? this.#queue.length : Math.max(1, end));
  }

  /** Writes until the disk has it. False: the deadline came first. */
  async #store(group: readonly Waiting[]): Promise<boolean> {
    const { trouble, retry, deadline } = this.#options;
    const records = group.map(({ record }) => record);
    for (let failures = 1; !deadline.aborted; failures++) {
      try {
        await this.#segments.append((group[0] as Waiting).seq, records);
        return true;
      } catch (error) {
        const wait = backoffDelay(failures, retry);
        trouble.note(error, "cannot write the disk buffer", { attempt: failures, retryInMs: Math.round(wait) });
        await pause(wait, deadline);
      }
    }
    return false;
  }

  async #shed(): Promise<void> {
    while (this.full) {
      const record = await this.read().catch(() => undefined);
      if (!record) return;
      this.onShed(record);
    }
  }
}
