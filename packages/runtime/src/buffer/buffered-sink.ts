import { type BatchOrigin, type EncodedBatch, errorText, type Logger, type SinkCommon } from "@sluice/core";
import { EMPTY_PART, type PartResult } from "../acks/settlement.ts";
import { abortedFirst, pause } from "../backoff.ts";
import type { SinkRunner } from "../sink/sink-runner.ts";
import type { SinkSnapshot } from "../sink/sink-types.ts";
import { StreamingRunner } from "../sink/streaming-runner.ts";
import { total } from "../state/ledger.ts";
import type { DiskBuffer } from "./disk-buffer.ts";
import type { BufferRecord } from "./record.ts";
import type { BufferedBatch } from "./shares.ts";

export interface BufferedSinkOptions {
  readonly name: string;
  readonly inner: SinkRunner | StreamingRunner;
  readonly buffer: DiskBuffer;
  readonly common: SinkCommon;
  readonly log: Logger;
  readonly stop: AbortSignal;
  readonly deadline: AbortSignal;
}

const EMPTY: EncodedBatch = { bytes: new Uint8Array(0), ends: new Uint32Array(0) };
/** Milliseconds between looks at how the drain goes. */
const LOOK_MS = 200;
/** Milliseconds between attempts to read the disk. */
const READ_AGAIN_MS = 1000;
/** What a stream that cannot be read again resumes from, seen from behind the buffer: its records can. */
const FROM_BUFFER = true;

/** Bytes that the runner behind a disk buffer may hold in memory. */
export function innerCommon(common: SinkCommon): SinkCommon {
  const size = Math.min(4 * 1024 * 1024, Math.floor(common.buffer.size / 4));
  return { ...common, buffer: { ...common.buffer, type: "memory", size, when_full: "block" } };
}

/**
 * A sink with a disk buffer before it: a batch is settled as soon as the disk has it, and goes to the far end in its own
 * time, over restarts too.
 */
export class BufferedSink {
  readonly #options: BufferedSinkOptions;
  /** Records of this run whose batch is not committed, as other sinks have not settled it; with what became of them. */
  readonly #uncommitted = new Map<number, { origin: BatchOrigin; result: PartResult } | undefined>();
  #events = 0;
  /** Events in the buffer. */
  #backlog = 0;
  #finishing = false;
  #leaving = false;
  #quit = false;
  #feeding: Promise<void> = Promise.resolve();

  constructor(options: BufferedSinkOptions) {
    this.#options = options;
    options.buffer.onShed = ({ seq, origin, encoded }) => {
      this.#resolved(seq, origin, { ...EMPTY_PART, dropped: { buffer_full: encoded.ends.length } });
    };
    options.deadline.addEventListener("abort", () => options.buffer.wake(), { once: true });
  }

  /** The runner of a sink that gathers, which is behind the buffer. */
  get streaming(): StreamingRunner | undefined {
    const { inner } = this.#options;
    return inner instanceof StreamingRunner ? inner : undefined;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Finds what an earlier run has left; see `DiskBuffer.open`. */
  open(): Promise<number> {
    this.#backlog = this.#options.buffer.waiting();
    return this.#options.buffer.open();
  }

  start(): void {
    void this.#options.inner.start();
    this.#feeding = this.#feed();
  }

  /** Takes a batch. Undefined when there is room for the next one, else a promise of it. */
  accept(
    encoded: EncodedBatch | null,
    settle: (result: PartResult) => void,
    origin: BatchOrigin,
    batch: BufferedBatch,
  ): Promise<void> | undefined {
    const { buffer, common } = this.#options;
    const events = encoded?.ends.length ?? 0;
    this.#events += events;
    // A sink that gathers wants to know how far a stream has come.
    if (events === 0 && !this.streaming) {
      settle(EMPTY_PART);
      return undefined;
    }
    if (common.buffer.when_full === "drop_newest" && buffer.full) {
      settle({ ...EMPTY_PART, dropped: { buffer_full: events } });
      return undefined;
    }
    return buffer.append(batch, this.#lasting(origin), encoded ?? EMPTY, (seq) => {
      this.#uncommitted.set(seq, undefined);
      this.#backlog += events;
      settle({ ...EMPTY_PART, held: { seq, events } });
    });
  }

  /** The batch of a record was committed: from now on the state keeps its books. */
  committed(seq: number): void {
    const early = this.#uncommitted.get(seq);
    this.#uncommitted.delete(seq);
    if (early) this.#enter(seq, early.origin, early.result);
  }

  /** What lies on the disk is left to the next one that opens the buffer: only what the far end is taking is waited for. */
  leave(): void {
    this.#leaving = true;
    this.#options.buffer.wake();
  }

  /**
   * No batch will follow. Resolves when all are delivered; after a stop also when the far end does not take them now,
   * since they are on the disk.
   */
  async finish(): Promise<void> {
    const { buffer, inner, deadline, name, log } = this.#options;
    await buffer.synced();
    this.#finishing = true;
    buffer.wake();
    const drained = this.#feeding.then(() => inner.finish());
    drained.catch(() => undefined);
    while (!(await this.#settledWithin(drained))) {
      const mayLeave = this.#leaving || this.#options.stop.aborted;
      if (deadline.aborted || (mayLeave && this.#stuck())) {
        log.info({ sink: name, bytes: buffer.bytes }, "what is in the disk buffer is delivered after the next start");
        break;
      }
    }
    this.#quit = true;
  }

  async close(): Promise<void> {
    this.#quit = true;
    await this.#options.inner.close();
    await this.#options.buffer.close();
  }

  snapshot(): SinkSnapshot {
    const { inner, buffer, common } = this.#options;
    const behind = inner.snapshot();
    const { bytes } = buffer;
    const backlog = { ...behind.flow.backlog, events: this.#backlog, bytes };
    const fill = { type: "disk", bytes, limit: common.buffer.size } as const;
    return { ...behind, events: this.#events, buffer: fill, flow: { ...behind.flow, backlog } };
  }

  #stuck(): boolean {
    const { state } = this.#options.inner.snapshot();
    return state === "retrying" || state === "starting";
  }

  async #settledWithin(work: Promise<void>): Promise<boolean> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), LOOK_MS);
    const late = await abortedFirst(work, limit.signal);
    clearTimeout(timer);
    return !late;
  }

  /**
   * A stream that cannot be read again has the same positions in another run: its records in the buffer must not be taken
   * for these.
   */
  #lasting(origin: BatchOrigin): BatchOrigin {
    if (origin.resume !== undefined) return origin;
    return { ...origin, streamId: `${origin.streamId}@${this.#options.buffer.born}` };
  }

  /** Hands records to the sink, as fast as it takes them. */
  async #feed(): Promise<void> {
    const { buffer, inner, deadline } = this.#options;
    while (!this.#quit && !this.#leaving && !deadline.aborted) {
      const finishing = this.#finishing;
      const news = buffer.news();
      const record = await buffer.read().catch((error: unknown) => this.#cannotRead(error));
      if (record) await this.#offer(inner, record);
      else if (record === null) continue;
      else if (finishing) return;
      else await news;
    }
  }

  async #cannotRead(error: unknown): Promise<null> {
    const { name, log, deadline } = this.#options;
    log.warn({ sink: name, error: errorText(error) }, "cannot read the disk buffer");
    await pause(READ_AGAIN_MS, deadline);
    return null;
  }

  #offer(inner: SinkRunner | StreamingRunner, { seq, origin, encoded }: BufferRecord): Promise<void> | undefined {
    const settle = (result: PartResult) => this.#resolved(seq, origin, result);
    return inner.accept(encoded, settle, { ...origin, resume: origin.resume ?? FROM_BUFFER });
  }

  #resolved(seq: number, origin: BatchOrigin, result: PartResult): void {
    this.#backlog -= result.delivered + total(result.dropped);
    if (this.#uncommitted.has(seq)) this.#uncommitted.set(seq, { origin, result });
    else this.#enter(seq, origin, result);
  }

  #enter(seq: number, origin: BatchOrigin, result: PartResult): void {
    this.#options.buffer.resolve(seq, result);
    // In the same transaction as the record's end: the cut it is in is forgotten with its last record.
    this.streaming?.journal.committed(origin.source, origin.streamId, origin.to);
  }
}
