import { timeZone } from "@sluice/core";

/** Cuts time into spans of one length that begin at midnight of a zone. */
export class Spans {
  readonly size: number;
  readonly #toUtc: (wallMs: number) => number;

  /** @param size milliseconds @param zone name, as for {@link timeZone} */
  constructor(size: number, zone: string) {
    this.size = size;
    this.#toUtc = timeZone(zone).toUtc;
  }

  /** Where the span begins that holds an instant. */
  startOf(ms: number): number {
    const wall = this.#wall(ms);
    return this.#toUtc(Math.floor(wall / this.size) * this.size);
  }

  /** Where the span that begins at `start` ends: a day with a clock change has 23 or 25 hours. */
  endOf(start: number): number {
    return this.#toUtc(this.#wall(start) + this.size);
  }

  /** The clock on the wall at an instant, as if it were UTC. */
  #wall(ms: number): number {
    const guess = ms + (ms - this.#toUtc(ms));
    return ms + (guess - this.#toUtc(guess));
  }
}
