import { ByteWriter, type EncodedBatch } from "@sluice/core";

/** Collects the frames of one sink for one batch. Reused from batch to batch. */
export class Frames {
  readonly writer = new ByteWriter();
  #ends = new Uint32Array(1024);
  #count = 0;

  /** Marks the end of the frame just written. */
  end(): void {
    if (this.#count === this.#ends.length) this.#growTo(this.#count + 1);
    this.#ends[this.#count++] = this.writer.length;
  }

  /** Appends whole frames that were written elsewhere; `ends` counts from the start of `bytes`. */
  append(bytes: Uint8Array, ends: Uint32Array): void {
    const offset = this.writer.length;
    this.writer.raw(bytes);
    for (const end of ends) {
      if (this.#count === this.#ends.length) this.#growTo(this.#count + ends.length);
      this.#ends[this.#count++] = offset + end;
    }
  }

  /** The frames in buffers of their own, or null when there is none; the collection starts anew. */
  take(): EncodedBatch | null {
    if (this.#count === 0) return null;
    const ends = this.#ends.slice(0, this.#count);
    this.#count = 0;
    return { bytes: this.writer.take(), ends };
  }

  #growTo(capacity: number): void {
    const grown = new Uint32Array(Math.max(capacity, this.#ends.length * 2));
    grown.set(this.#ends);
    this.#ends = grown;
  }
}
