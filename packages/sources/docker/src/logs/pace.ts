/** Bytes over which it is measured. */
const WINDOW = 262_144;

/** How fast a container writes, by the times of its messages. */
export class Pace {
  /** Bytes a millisecond, over the last quarter of a megabyte; 0 before that. */
  rate = 0;
  #bytes = 0;
  #from = Number.NaN;

  /**
   * @param until time of the last message that was read, in milliseconds
   * @param bytes that were read since the last call
   */
  add(until: number, bytes: number): void {
    // Another connection begins with what is known.
    if (!(until >= this.#from)) {
      this.#from = until;
      this.#bytes = 0;
      return;
    }
    this.#bytes += bytes;
    if (this.#bytes < WINDOW) return;
    this.rate = this.#bytes / Math.max(until - this.#from, 1);
    this.#from = until;
    this.#bytes = 0;
  }
}
