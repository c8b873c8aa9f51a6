import { Buffer } from "node:buffer";
import type { EncodedBatch } from "@sluice/core";
import { MAX_FRAMES, OUTPUT_BYTES, type Regions } from "./emit/layout.ts";

/** The frames of a batch: those in the kernel's memory, and before them those that had to make room. */
export class FrameStore {
  /** Address where the next frame goes. */
  out = 0;
  /** Address where its end is noted. */
  endEntry = 0;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #regions: Regions;
  #earlier: EncodedBatch[] = [];

  constructor(memory: Uint8Array<ArrayBuffer>, regions: Regions) {
    this.#memory = memory;
    this.#words = new Uint32Array(memory.buffer);
    this.#regions = regions;
    this.clear();
  }

  get isEmpty(): boolean {
    return this.endEntry === this.#regions.ends;
  }

  clear(): void {
    this.#earlier = [];
    this.advance(this.#regions.output, this.#regions.ends);
  }

  advance(out: number, endEntry: number): void {
    this.out = out;
    this.endEntry = endEntry;
  }

  append(frame: Uint8Array): void {
    const { output, ends } = this.#regions;
    const isFull = this.out + frame.length > output + OUTPUT_BYTES || this.endEntry >= ends + MAX_FRAMES * 4;
    if (isFull && !this.isEmpty) this.flush();
    if (frame.length > OUTPUT_BYTES) {
      this.#earlier.push({ bytes: frame.slice(), ends: Uint32Array.of(frame.length) });
      return;
    }
    this.#memory.set(frame, this.out);
    this.out += frame.length;
    this.#words[this.endEntry / 4] = this.out;
    this.endEntry += 4;
  }

  /** Moves the frames out of the kernel's memory. */
  flush(): void {
    this.#earlier.push(this.#current());
    this.advance(this.#regions.output, this.#regions.ends);
  }

  take(): EncodedBatch {
    const current = this.#current();
    const parts = [...this.#earlier, current];
    this.clear();
    return parts.length === 1 ? current : join(parts);
  }

  #current(): EncodedBatch {
    const { output, ends } = this.#regions;
    const list = this.#words.slice(ends / 4, this.endEntry / 4);
    for (let i = 0; i < list.length; i++) list[i] = (list[i] as number) - output;
    return { bytes: copyOf(this.#memory.subarray(output, this.out)), ends: list };
  }
}

/** A copy in a buffer of its own, which is not filled with zeros first. */
function copyOf(source: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(source.length).buffer);
  bytes.set(source);
  return bytes;
}

function join(parts: readonly EncodedBatch[]): EncodedBatch {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.length, 0));
  const ends = new Uint32Array(parts.reduce((sum, part) => sum + part.ends.length, 0));
  let offset = 0;
  let index = 0;
  for (const part of parts) {
    bytes.set(part.bytes, offset);
    for (const end of part.ends) ends[index++] = offset + end;
    offset += part.bytes.length;
  }
  return { bytes, ends };
}
