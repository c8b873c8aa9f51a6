import { STAMP_BYTES, type Stamps } from "@sluice/core";

const FIRST_ENTRIES = 4;

/** Where the records of a batch lie, and their times. It grows: most containers have few lines at a time. */
export class StampList {
  length = 0;
  #starts = new Uint32Array(FIRST_ENTRIES);
  #ends = new Uint32Array(FIRST_ENTRIES);
  #positions = new Float64Array(FIRST_ENTRIES);
  #seconds = new Float64Array(FIRST_ENTRIES);
  #texts = new Uint8Array(FIRST_ENTRIES * STAMP_BYTES);

  add(start: number, end: number, position: number, second: number, text: Uint8Array): void {
    if (this.length === this.#starts.length) this.#grow();
    const index = this.length++;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#positions[index] = position;
    this.#seconds[index] = second;
    const at = index * STAMP_BYTES;
    for (let i = 0; i < STAMP_BYTES; i++) this.#texts[at + i] = text[i] as number;
  }

  #grow(): void {
    this.#starts = grown(this.#starts, new Uint32Array(this.length * 2));
    this.#ends = grown(this.#ends, new Uint32Array(this.length * 2));
    this.#positions = grown(this.#positions, new Float64Array(this.length * 2));
    this.#seconds = grown(this.#seconds, new Float64Array(this.length * 2));
    this.#texts = grown(this.#texts, new Uint8Array(this.length * 2 * STAMP_BYTES));
  }

  /** Copies of their exact size. */
  take(): { starts: Uint32Array; ends: Uint32Array; positions: Float64Array; stamps: Stamps } {
    const { length } = this;
    return {
      starts: this.#starts.slice(0, length),
      ends: this.#ends.slice(0, length),
      positions: this.#positions.slice(0, length),
      stamps: { texts: this.#texts.slice(0, length * STAMP_BYTES), seconds: this.#seconds.slice(0, length) },
    };
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
