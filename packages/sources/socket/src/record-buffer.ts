import { Buffer } from "node:buffer";
import type { Event, Framing } from "@sluice/core";
import { resized } from "./memory.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const SMALLEST = 4096;

/** Records as they go into a batch. */
export interface Records {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly framing: Framing;
}

/** A record that is not just a line: it holds a newline, or fields of its own. */
interface Odd {
  readonly start: number;
  readonly end: number;
  readonly fields: Event | undefined;
}

/**
 * Gathers complete records of one stream. Positions count the bytes that went out, a newline after each record included,
 * so that records which are plain lines can go out in the fast framing.
 */
export class RecordBuffer {
  #bytes: Buffer = Buffer.from(new ArrayBuffer(0));
  #length = 0;
  #odd: Odd[] = [];
  #position = 0;

  /** Bytes gathered. */
  get length(): number {
    return this.#length;
  }

  /** Whole lines, each with its newline. */
  addLines(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** One record without its end. `fields` are its own. */
  add(bytes: Uint8Array, fields?: Event): void {
    this.#reserve(bytes.length + 1);
    const start = this.#length;
    this.#bytes.set(bytes, start);
    this.#bytes[start + bytes.length] = NEWLINE;
    this.#length += bytes.length + 1;
    if (fields !== undefined || bytes.includes(NEWLINE)) {
      this.#odd.push({ start, end: start + bytes.length, fields });
    }
  }

  /** Everything gathered so far; null when there is nothing. The buffer begins anew behind it. */
  take(): Records | null {
    if (this.#length === 0) return null;
    const length = this.#length;
    const data = new Uint8Array((this.#bytes.buffer as ArrayBuffer).transfer(length));
    const framing: Framing =
      this.#odd.length === 0
        ? { kind: "lines", base: this.#position }
        : oddRecords(Buffer.from(data.buffer), this.#odd, this.#position);
    this.#position += length;
    this.#bytes = Buffer.from(new ArrayBuffer(0));
    this.#length = 0;
    this.#odd = [];
    return { data, framing };
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    this.#bytes = resized(this.#bytes, Math.max(SMALLEST, needed, this.#bytes.length * 2));
  }
}

/** Records of which some are no lines. */
function oddRecords(data: Buffer, odd: readonly Odd[], base: number): Framing {
  const starts: number[] = [];
  const ends: number[] = [];
  const extra: { [index: number]: Event } = {};
  let next = 0;
  for (let at = 0; at < data.length; ) {
    const special = odd[next];
    if (special?.start === at) {
      next++;
      if (special.fields) extra[starts.length] = special.fields;
    }
    const stop = special?.start === at ? special.end : data.indexOf(NEWLINE, at);
    starts.push(at);
    ends.push(stop > at && data[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop);
    at = stop + 1;
  }
  return {
    kind: "records",
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    positions: Float64Array.from(starts, (start) => base + start),
    extra,
  };
}
