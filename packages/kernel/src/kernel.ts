import type { EncodedBatch, ParsePlan } from "@sluice/core";
import { instantiate, newMemory } from "@sluice/wasm";
import {
  FIXED_BYTES,
  MAX_FRAMES,
  OUTPUT_BYTES,
  POSITION_DELTA,
  RAMP,
  RESULT,
  type Regions,
  regions,
  STATIC,
  WINDOW,
} from "./emit/layout.ts";
import { STOP } from "./emit/lines.ts";
import { FrameStore } from "./frame-store.ts";
import { type StampedLines, StampTable } from "./stamp-table.ts";
import { TimeCache } from "./time-cache.ts";

const NEWLINE = 10;

/** Lines of one stream, as a source hands them over. */
export interface KernelBatch {
  readonly data: Uint8Array<ArrayBuffer>;
  /** Position of the first byte of `data`. */
  readonly base: number;
  /** Milliseconds since the epoch when the batch was read. */
  readonly now: number;
  /** Whether all of `data` is valid UTF-8; if not, lines with bytes beyond ASCII go the plain way. */
  readonly validUtf8: boolean;
  /** Where lines begin that go the plain way whatever they are, in ascending order. */
  readonly stops?: readonly number[];
  /** For kernels of lines with times and positions of their own. */
  readonly stamped?: StampedLines | undefined;
}

/** What differs from stream to stream: a memory image for the stream region, and the constant bytes of a frame. */
export interface StreamImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fixedBytes: number;
}

/** What a kernel is put together from. */
export interface KernelParts {
  readonly module: Uint8Array<ArrayBuffer>;
  /** Lines with characters beyond ASCII go the plain way. */
  readonly asciiOnly: boolean;
  /** Constant bytes of the frames. */
  readonly constants: Uint8Array;
  readonly plan: ParsePlan;
}

type Run = (
  input: number,
  inputEnd: number,
  asciiOnly: number,
  out: number,
  outEnd: number,
  endEntry: number,
  endEntries: number,
) => number;

/**
 * Makes frames of the lines of a batch. Use: `begin`, then `next` until it returns -1, each time making the frame of
 * the line it names and handing it to `append`, then `take`. Its memory does not grow.
 */
export class Kernel {
  /** Lines of this batch that became frames here. */
  lines = 0;
  /** Their bytes without line ends. */
  lineBytes = 0;
  readonly #asciiOnly: boolean;
  readonly #regions: Regions;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #positionDelta: BigInt64Array<ArrayBuffer>;
  readonly #run: Run;
  readonly #times: TimeCache;
  readonly #stamps: StampTable;
  readonly #frames: FrameStore;
  #batch: KernelBatch = { data: new Uint8Array(0), base: 0, now: 0, validUtf8: true };
  #image: StreamImage | undefined;
  /** Offset in `data` of the next line, and of the window in memory. */
  #at = 0;
  #windowStart = 0;
  #windowEnd = 0;
  /** The next of the batch's stops: its index, and where it is. */
  #stop = 0;
  #stopAt = Infinity;

  constructor({ module, asciiOnly, constants, plan }: KernelParts) {
    this.#asciiOnly = asciiOnly;
    this.#regions = regions(constants.length);
    const memory = newMemory(this.#regions.total);
    this.#memory = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#positionDelta = new BigInt64Array(memory.buffer, POSITION_DELTA, 1);
    this.#memory.set(constants, STATIC);
    for (let i = 0; i < 32; i++) this.#memory[RAMP + i] = i;
    this.#times = new TimeCache(this.#memory, plan);
    this.#stamps = new StampTable(this.#memory, this.#regions.stamps);
    this.#frames = new FrameStore(this.#memory, this.#regions);
    const time = (start: number, length: number, entry: number): number => this.#times.resolve(start, length, entry);
    this.#run = instantiate(module, { memory, time })["run"] as Run;
  }

  /** Sets the bytes of the stream that the next batch belongs to. */
  useStream(image: StreamImage): void {
    if (this.#image === image) return;
    this.#image = image;
    this.#memory.set(image.bytes, this.#regions.stream);
    this.#words[FIXED_BYTES / 4] = image.fixedBytes;
  }

  begin(batch: KernelBatch): void {
    this.#batch = batch;
    this.lines = 0;
    this.lineBytes = 0;
    this.#at = 0;
    this.#windowEnd = 0;
    this.#stop = 0;
    this.#stopAt = batch.stops?.[0] ?? Infinity;
    this.#times.setNow(batch.now);
    this.#stamps.begin(batch.stamped);
    this.#frames.clear();
  }

  /** Goes on; returns the offset in `data` of the next line that has to go the plain way, or -1 at the end. */
  next(): number {
    while (this.#at < this.#batch.data.length) {
      if (this.#at === this.#stopAt) return this.#skipStop();
      if (this.#at >= this.#windowEnd && !this.#loadWindow()) return this.#skipLine();
      const stop = this.#runWindow();
      if (stop === STOP.bail) return this.#skipLine();
      if (stop === STOP.done) this.#at = this.#windowEnd;
      else if (this.#frames.isEmpty) return this.#skipLine();
      else this.#frames.flush();
    }
    return -1;
  }

  /** Adds a frame that was made elsewhere, after all frames so far. */
  append(frame: Uint8Array): void {
    this.#frames.append(frame);
  }

  /** All frames of the batch, in buffers of their own. */
  take(): EncodedBatch {
    return this.#frames.take();
  }

  #runWindow(): number {
    const { input, output, ends } = this.#regions;
    const asciiOnly = this.#asciiOnly || !this.#batch.validUtf8 ? 1 : 0;
    const { out, endEntry } = this.#frames;
    const stop = this.#run(
      input + this.#at - this.#windowStart,
      input + this.#windowEnd - this.#windowStart,
      asciiOnly,
      out,
      output + OUTPUT_BYTES,
      endEntry,
      ends + MAX_FRAMES * 4,
    );
    const [at, newOut, newEndEntry, bytes] = this.#words.subarray(RESULT / 4, RESULT / 4 + 4);
    this.#at = this.#windowStart + (at as number) - input;
    this.#frames.advance(newOut as number, newEndEntry as number);
    this.lines += ((newEndEntry as number) - endEntry) / 4;
    this.lineBytes += bytes as number;
    return stop;
  }

  /** Copies the next lines into memory; false when not even one fits. */
  #loadWindow(): boolean {
    const { data, base } = this.#batch;
    let end = Math.min(this.#at + WINDOW, data.length, this.#stopAt);
    if (end < data.length && end !== this.#stopAt) end = data.lastIndexOf(NEWLINE, end - 1) + 1;
    if (end <= this.#at) return false;
    end = this.#stamps.load(end);
    const { input } = this.#regions;
    this.#memory.set(data.subarray(this.#at, end), input);
    // Ends a last line that has no newline of its own.
    this.#memory[input + end - this.#at] = NEWLINE;
    this.#positionDelta[0] = BigInt(base + this.#at - input);
    this.#windowStart = this.#at;
    this.#windowEnd = end;
    return true;
  }

  #skipStop(): number {
    this.#stopAt = this.#batch.stops?.[++this.#stop] ?? Infinity;
    return this.#skipLine();
  }

  #skipLine(): number {
    if (this.#batch.stamped) this.#stamps.skip();
    const start = this.#at;
    const newline = this.#batch.data.indexOf(NEWLINE, start);
    this.#at = newline < 0 ? this.#batch.data.length : newline + 1;
    return start;
  }
}
