/** Lets through so many a second, and at most one second's worth at once. */
export class TokenBucket {
  #rate: number;
  #tokens: number;
  #at = performance.now();

  /** @param rate Per second. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = rate;
  }

  set rate(rate: number) {
    this.available();
    this.#rate = rate;
  }

  /** Whole tokens that are there now. */
  available(): number {
    const now = performance.now();
    const most = Math.max(1, this.#rate);
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** Takes tokens, also more than are there: these are owed. */
  take(n: number): void {
    this.#tokens -= n;
  }
}
