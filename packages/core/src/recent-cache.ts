/** Keeps what was used last, up to a number of entries. */
export class RecentCache<V> {
  readonly #limit: number;
  /** The one that was not used for the longest time comes first. */
  readonly #entries = new Map<string, V>();

  /** @param limit entries */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is kept under the key, else what `make` returns, which is kept from then on. What it throws is thrown on. */
  get(key: string, make: () => V): V {
    const known = this.#entries.get(key);
    const value = known ?? make();
    if (known !== undefined) this.#entries.delete(key);
    else if (this.#entries.size >= this.#limit) this.#entries.delete(this.#entries.keys().next().value as string);
    this.#entries.set(key, value);
    return value;
  }
}

/**
 * Streams of which a program keeps what it has found out: a thousand containers with two outputs each. One more costs about
 * half a millisecond whenever its turn comes, and a kept one two kilobytes.
 */
export const KEPT_STREAMS = 2048;
