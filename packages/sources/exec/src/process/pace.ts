/** A run that lasted this many milliseconds was no failure to start: the next pause is the first one again. */
const STABLE_MS = 10_000;

/** Growing pauses between the runs of something that keeps ending. */
export class Pace {
  readonly #first: number;
  readonly #longest: number;
  #next: number;

  /**
   * @param first milliseconds of the first pause; each further one is twice as long
   * @param longest milliseconds of the longest pause
   */
  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
    this.#next = first;
  }

  /** Milliseconds to wait after a run that lasted `ranMs`. */
  after(ranMs: number): number {
    if (ranMs >= STABLE_MS) this.#next = this.#first;
    const pause = Math.min(this.#next, this.#longest);
    this.#next = pause * 2;
    return pause;
  }
}
