/** Upper bounds of the buckets, in seconds: from a batch in memory to an upload that a dead far end holds up. */
const SECONDS_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
];

/** How durations were spread at one moment. */
export interface HistogramSnapshot {
  /** Upper bounds of the buckets, ascending, in seconds. */
  readonly bounds: readonly number[];
  /** Durations a bucket, not added up; the last one is for those above all bounds. */
  readonly counts: readonly number[];
  /** Sum of all durations, in seconds. */
  readonly sum: number;
  readonly count: number;
}

/** Counts durations in buckets: what is added does not grow its memory. */
export class Histogram {
  readonly #counts = Array.from({ length: SECONDS_BOUNDS.length + 1 }, () => 0);
  #sum = 0;
  #count = 0;

  /** Enters a duration, in seconds. */
  observe(seconds: number): void {
    const bucket = SECONDS_BOUNDS.findIndex((bound) => seconds <= bound);
    const index = bucket < 0 ? SECONDS_BOUNDS.length : bucket;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#sum += seconds;
    this.#count++;
  }

  snapshot(): HistogramSnapshot {
    return { bounds: SECONDS_BOUNDS, counts: [...this.#counts], sum: this.#sum, count: this.#count };
  }
}
