/** Cuts a byte stream at a delimiter byte. Chunks may end anywhere; frames handed out are only valid during the call. */
export class FrameSplitter {
  readonly #delimiter: number;
  readonly #maxFrame: number;
  readonly #onFrames: (frames: readonly Buffer[]) => void;
  /** Start of a frame whose end has not come yet. */
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** @param maxFrame bytes a frame may have without its delimiter. */
  constructor(delimiter: number, maxFrame: number, onFrames: (frames: readonly Buffer[]) => void) {
    this.#delimiter = delimiter;
    this.#maxFrame = maxFrame;
    this.#onFrames = onFrames;
  }

  /** Takes the next bytes. False when a frame is too long: nothing can be read of this stream any more. */
  push(chunk: Buffer): boolean {
    const frames: Buffer[] = [];
    let start = 0;
    let fits = true;
    for (let end = chunk.indexOf(this.#delimiter); end >= 0; end = chunk.indexOf(this.#delimiter, start)) {
      const frame = this.#complete(chunk.subarray(start, end));
      start = end + 1;
      fits = frame.length <= this.#maxFrame;
      if (!fits) break;
      frames.push(frame);
    }
    if (frames.length > 0) this.#onFrames(frames);
    if (fits && start < chunk.length) this.#keep(chunk.subarray(start));
    return fits && this.#partBytes <= this.#maxFrame;
  }

  /** What came after the last delimiter. */
  tail(): Buffer {
    return this.#complete(Buffer.alloc(0));
  }

  #complete(last: Buffer): Buffer {
    if (this.#parts.length === 0) return last;
    const frame = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#partBytes = 0;
    return frame;
  }

  #keep(rest: Buffer): void {
    this.#parts.push(Buffer.from(rest));
    this.#partBytes += rest.length;
  }
}
