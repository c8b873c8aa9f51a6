/** The memory that lines may take while they wait to be emitted. */
export class Budget {
  readonly #limit: number;
  #used = 0;
  #waiting: (() => void)[] = [];

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Undefined when there is room for a chunk more, else a promise of it. */
  room(): Promise<void> | undefined {
    if (this.#used < this.#limit) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    // Half empty, so that connections are not stopped and started for every batch.
    if (this.#used <= this.#limit / 2) this.release();
  }

  /** Lets all go on. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
