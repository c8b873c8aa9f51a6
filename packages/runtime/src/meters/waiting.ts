/** How long somebody has waited, with what is being waited now. */
export class Waiting {
  #total = 0;
  #began = 0;
  #depth = 0;

  /** Seconds in which at least one was waiting. */
  get seconds(): number {
    const now = this.#depth > 0 ? performance.now() - this.#began : 0;
    return (this.#total + now) / 1000;
  }

  /** Counts the time until the promise settles. */
  async during<T>(wait: Promise<T>): Promise<T> {
    if (this.#depth++ === 0) this.#began = performance.now();
    try {
      return await wait;
    } finally {
      if (--this.#depth === 0) this.#total += performance.now() - this.#began;
    }
  }
}
