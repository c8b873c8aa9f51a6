import { ByteWriter, type EncodedBatch } from "@sluice/core";

/** Collects the frames of one sink for one batch. Reused from batch to batch. */
export class Frames {
  readonly writer = new ByteWriter();
  #ends = new Uint32Array(1024);
  #count = 0;

  /** Marks the end of the frame just written. */
  end(): void {
    if (this.#count === this.#ends.length) this.#grow();
    this.#ends[this.#count++] = this.writer.length;
  }

  /** The frames in buffers of their own, or null when there is none; the collection starts anew. */
  take(): EncodedBatch | null {
    if (this.#count === 0) return null;
    const ends = this.#ends.slice(0, this.#count);
    this.#count = 0;
    return { bytes: this.writer.take(), ends };
  }

  #grow(): void {
    const grown = new Uint32Array(this.#ends.length * 2);
    grown.set(this.#ends);
    this.#ends = grown;
  }
}
