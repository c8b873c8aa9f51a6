import { Buffer } from "node:buffer";
import type { Framing } from "./batch.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Whole lines of a stream, as they go into a batch. */
export interface LineBatch {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly framing: Framing;
}

/**
 * Bytes in, batches of whole lines out, at once: a single line does not wait for more. Holds at most the beginning of
 * one line; of a line longer than `maxLine` bytes that beginning goes out tagged `_line_cut`, and its rest is skipped.
 */
export class LineCutter {
  readonly #maxLine: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Bytes of the stream before the held ones. */
  #position = 0;
  #skipping = false;

  /** @param maxLine bytes of the longest line that is taken whole */
  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  /** Takes the next bytes of the stream, which must not change afterwards; returns the lines that end in them. */
  take(chunk: Uint8Array): LineBatch[] {
    const batches: LineBatch[] = [];
    const rest = this.#skipping ? this.#skip(chunk) : chunk;
    const end = rest.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      this.#hold(rest.subarray(0, end));
      batches.push(...this.end());
    }
    if (end < rest.length) this.#hold(rest.subarray(end));
    if (this.#heldBytes > this.#maxLine) {
      this.#skipping = true;
      batches.push(...this.end());
    }
    return batches;
  }

  /** The stream has ended: its last line, when that has no newline. */
  end(): LineBatch[] {
    if (this.#heldBytes === 0) return [];
    const data = new Uint8Array(this.#heldBytes);
    let at = 0;
    for (const part of this.#held.splice(0)) {
      data.set(part, at);
      at += part.length;
    }
    const base = this.#position;
    this.#position += at;
    this.#heldBytes = 0;
    // No line can be too long where all of them together are not.
    return [{ data, framing: at <= this.#maxLine ? { kind: "lines", base } : cutLines(data, base, this.#maxLine) }];
  }

  /** What follows the end of the line that was cut. */
  #skip(chunk: Uint8Array): Uint8Array {
    const newline = chunk.indexOf(NEWLINE);
    const length = newline < 0 ? chunk.length : newline + 1;
    this.#position += length;
    this.#skipping = newline < 0;
    return chunk.subarray(length);
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }
}

/** Lines of which some may have to be cut. */
function cutLines(data: Uint8Array<ArrayBuffer>, base: number, maxLine: number): Framing {
  const starts: number[] = [];
  const ends: number[] = [];
  const extra: { [index: number]: { tags: string[] } } = {};
  const bytes = Buffer.from(data.buffer);
  for (let start = 0; start < data.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const stop = newline < 0 ? data.length : newline;
    let end = stop > start && newline >= 0 && data[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
    if (end - start > maxLine) {
      end = characterStart(data, start + maxLine);
      extra[starts.length] = { tags: ["_line_cut"] };
    }
    starts.push(start);
    ends.push(end);
    start = stop + 1;
  }
  const positions = Float64Array.from(starts, (start) => base + start);
  return { kind: "records", starts: Uint32Array.from(starts), ends: Uint32Array.from(ends), positions, extra };
}

/** The last place at or before `at` that is not inside a UTF-8 character. */
function characterStart(data: Uint8Array, at: number): number {
  let place = at;
  while (place > at - 3 && ((data[place] as number) & 0xc0) === 0x80) place--;
  return place;
}
