/** Milliseconds for which batches have to wait before another worker is worth its memory and its start. */
const WAITING_MS = 1000;

/**
 * Says when another worker should start: not before those that run have had too much to do for a while. A thread takes
 * tens of megabytes, and where a slow sink or a quiet log sets the pace it would only idle.
 */
export class Ramp {
  readonly #now: () => number;
  #waitingSince: number | undefined;

  /** @param now milliseconds, monotonic */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** To be told whenever batches were handed out; `waiting` is how many found no worker. Returns whether to start one. */
  wantsMore(waiting: number): boolean {
    if (waiting === 0) {
      this.#waitingSince = undefined;
      return false;
    }
    const now = this.#now();
    this.#waitingSince ??= now;
    if (now - this.#waitingSince < WAITING_MS) return false;
    this.#waitingSince = undefined;
    return true;
  }
}
