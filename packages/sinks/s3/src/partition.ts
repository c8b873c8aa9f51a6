import { Buffer } from "node:buffer";
import { type EncodedBatch, formatInstant, type LineFormat } from "@sluice/core";
import { TIME_BYTES } from "./encoder.ts";

/** Lines of a batch that belong into one object. `time` is null for events that have none but that of their reading. */
export interface Parcel {
  readonly time: string | null;
  /** The bytes of the lines, in order; they may be the batch's own. */
  readonly bytes: Uint8Array;
}

const HEADER = '{"@timestamp":"';
const KEY = Buffer.from(',"@timestamp":"');
const QUOTE = 0x22;
const AT = 0x40;
/** Where a time's milliseconds end. */
const EXACT = 23;
const TIMES: Readonly<Record<number, RegExp>> = {
  4: /^\d{4}$/,
  7: /^\d{4}-\d\d$/,
  10: /^\d{4}-\d\d-\d\d$/,
  13: /^\d{4}-\d\d-\d\dT\d\d$/,
  16: /^\d{4}-\d\d-\d\dT\d\d:\d\d$/,
};

type FrameVisitor = (time: string | null, start: number, end: number) => void;

interface Run {
  readonly time: string | null;
  readonly pieces: { start: number; end: number }[];
  bytes: number;
}

/** Divides batches by the time of their events. */
export class Partitioner {
  readonly #granularity: number;
  readonly #raw: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  /** The time that was read last and its bytes: most lines are of the same. */
  #last: string | null = null;
  #lastBytes: Buffer = Buffer.alloc(0);
  #now = "";
  #nowBytes: Buffer = Buffer.alloc(0);

  /** @param granularity Leading characters of a time that count. */
  constructor(granularity: number, format: LineFormat) {
    this.#granularity = granularity;
    this.#raw = format === "raw";
  }

  /** @param now When the batch was read: an event with exactly this time has none of its own. */
  split(batch: EncodedBatch, now: number): Parcel[] {
    const runs = new Map<string | null, Run>();
    let run: Run | undefined;
    this.#each(batch, now, (time, start, end) => {
      if (!run || run.time !== time) {
        run = runs.get(time);
        if (!run) runs.set(time, (run = { time, pieces: [], bytes: 0 }));
      }
      this.#add(run, this.#raw ? start + TIME_BYTES : start, end);
    });
    return Array.from(runs.values(), (one) => ({ time: one.time, bytes: this.#gather(one) }));
  }

  /** Those frames of a batch whose time is wanted. The batch is left as it is. */
  select(batch: EncodedBatch, now: number, isWanted: (time: string | null) => boolean): EncodedBatch {
    const run: Run = { time: null, pieces: [], bytes: 0 };
    const ends: number[] = [];
    this.#each(batch, now, (time, start, end) => {
      if (!isWanted(time)) return;
      this.#add(run, start, end);
      ends.push(run.bytes);
    });
    return { bytes: new Uint8Array(this.#gather(run)), ends: Uint32Array.from(ends) };
  }

  #each({ bytes, ends }: EncodedBatch, now: number, visit: FrameVisitor): void {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#nowBytes = Buffer.from(formatInstant(now).slice(0, EXACT));
    this.#now = this.#nowBytes.toString("latin1", 0, this.#granularity);
    for (let i = 0, start = 0; i < ends.length; i++) {
      const end = ends[i] as number;
      visit(this.#granularity === 0 ? "" : this.#timeOf(start, end), start, end);
      start = end;
    }
  }

  #add(run: Run, start: number, end: number): void {
    const piece = run.pieces.at(-1);
    if (piece?.end === start) piece.end = end;
    else run.pieces.push({ start, end });
    run.bytes += end - start;
  }

  #gather({ pieces, bytes }: Run): Uint8Array {
    const [first] = pieces;
    if (first && pieces.length === 1) return this.#bytes.subarray(first.start, first.end);
    const joined = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (const { start, end } of pieces) at += this.#bytes.copy(joined, at, start, end);
    return joined;
  }

  #timeOf(start: number, end: number): string | null {
    const at = this.#raw ? start : this.#find(start, end);
    if (at < 0 || at + EXACT > end) return null;
    if (this.#last === null || !this.#same(at, this.#lastBytes, this.#granularity)) this.#learn(at);
    const isReadTime = this.#last === this.#now && this.#same(at, this.#nowBytes, EXACT);
    return isReadTime ? null : this.#last;
  }

  /** Where the time of a JSON line begins, or -1. It is its first member unless a step has set it anew. */
  #find(start: number, end: number): number {
    const bytes = this.#bytes;
    const at = start + HEADER.length;
    if (bytes[start + 2] === AT && bytes[at - 1] === QUOTE && bytes[at - 2] === 0x3a && at < end) return at;
    const found = bytes.subarray(start, end).indexOf(KEY);
    return found < 0 ? -1 : start + found + KEY.length;
  }

  /** Compares from the end: that is where times differ. */
  #same(at: number, other: Uint8Array, length: number): boolean {
    const bytes = this.#bytes;
    for (let i = length - 1; i >= 0; i--) if (bytes[at + i] !== other[i]) return false;
    return true;
  }

  #learn(at: number): void {
    const text = this.#bytes.toString("latin1", at, at + this.#granularity);
    this.#last = TIMES[this.#granularity]?.test(text) ? text : null;
    this.#lastBytes = Buffer.from(this.#bytes.subarray(at, at + this.#granularity));
  }
}
