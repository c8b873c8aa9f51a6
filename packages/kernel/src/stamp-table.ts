import { STAMP_BYTES, type Stamps } from "@sluice/core";
import { MAX_STAMPS, STAMP_AT, STAMP_ENTRY } from "./emit/layout.ts";

const WORD = 2 ** 32;

/** Lines with times and positions of their own. */
export interface StampedLines {
  readonly stamps: Stamps;
  readonly positions: Float64Array;
  /** Where they begin in the batch. */
  readonly starts: Uint32Array;
}

/** Puts the times and positions of lines where a kernel finds them: an entry a line, and the address of the next one. */
export class StampTable {
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #address: number;
  #lines: StampedLines | undefined;
  /** Number of the line whose entry is the first. */
  #first = 0;

  constructor(memory: Uint8Array<ArrayBuffer>, address: number) {
    this.#memory = memory;
    this.#words = new Uint32Array(memory.buffer);
    this.#address = address;
  }

  begin(lines: StampedLines | undefined): void {
    this.#lines = lines;
    this.#first = 0;
    this.#words[STAMP_AT / 4] = this.#address;
  }

  /** Makes entries for the next lines, as far as `end` in the batch; returns how far there was room. */
  load(end: number): number {
    if (!this.#lines) return end;
    const { starts } = this.#lines;
    this.#first += ((this.#words[STAMP_AT / 4] as number) - this.#address) / STAMP_ENTRY.size;
    this.#words[STAMP_AT / 4] = this.#address;
    const stop = Math.min(end, starts[this.#first + MAX_STAMPS] ?? end);
    for (let i = 0; (starts[this.#first + i] as number) < stop; i++) this.#put(this.#lines, this.#first + i, i);
    return stop;
  }

  /** The next line is not the kernel's. */
  skip(): void {
    (this.#words[STAMP_AT / 4] as number) += STAMP_ENTRY.size;
  }

  #put({ stamps: { texts, seconds }, positions }: StampedLines, line: number, entry: number): void {
    const memory = this.#memory;
    const at = this.#address + entry * STAMP_ENTRY.size;
    const from = line * STAMP_BYTES;
    for (let i = 0; i < STAMP_BYTES; i++) memory[at + i] = texts[from + i] as number;
    this.#putInteger(at + STAMP_ENTRY.seconds, seconds[line] as number);
    this.#putInteger(at + STAMP_ENTRY.position, positions[line] as number);
  }

  #putInteger(at: number, value: number): void {
    this.#words[at / 4] = value % WORD;
    this.#words[at / 4 + 1] = Math.floor(value / WORD);
  }
}
