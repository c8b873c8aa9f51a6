/** Bounds what a sink holds in memory and how many requests it makes at once. */
export class Budget {
  readonly #memory: number;
  readonly #concurrency: number;
  #held = 0;
  #running = 0;
  readonly #queue: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  /** @param memory Bytes of packed events. */
  constructor(memory: number, concurrency: number) {
    this.#memory = memory;
    this.#concurrency = concurrency;
  }

  get isFull(): boolean {
    return this.#held >= this.#memory;
  }

  /** Some request is under way or waits for its turn, so that memory will become free. */
  get busy(): boolean {
    return this.#running > 0;
  }

  /** Notes that more memory (or, negative, less) is held. */
  hold(change: number): void {
    this.#held += change;
    if (change < 0) this.#changed();
  }

  /** Resolves when some memory was given back, or a request has ended. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Runs a request when it is its turn. */
  async slot<T>(request: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running++;
    try {
      return await request();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#running--;
      this.#changed();
    }
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
