const TICK_MS = 250;

/** A clock that runs while something is open and knows when it last went on. */
export class Progress {
  readonly #onTick: (stalledFor: number) => void;
  readonly #sent: () => number;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  #lastAt = 0;
  #lastSent = 0;

  /**
   * @param sent a number that changes when bytes get away
   * @param onTick gets the milliseconds since the last change or `note`
   */
  constructor(sent: () => number, onTick: (stalledFor: number) => void, interval = TICK_MS) {
    this.#sent = sent;
    this.#onTick = onTick;
    this.#interval = Math.min(interval, TICK_MS);
  }

  /** Something happened: the wait starts anew. */
  note(): void {
    this.#lastAt = performance.now();
  }

  run(on: boolean): void {
    if (on === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.#tick(), this.#interval) : undefined;
    this.note();
  }

  #tick(): void {
    const sent = this.#sent();
    if (sent !== this.#lastSent) this.note();
    this.#lastSent = sent;
    this.#onTick(performance.now() - this.#lastAt);
  }
}
