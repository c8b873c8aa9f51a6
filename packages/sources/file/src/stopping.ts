import { setTimeout as sleep } from "node:timers/promises";

/** Lets waits end when no more input is wanted, without leaving anything behind at a signal that lives long. */
export class Stopping {
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /** Settles like the promise, or resolves at the stop when that comes first. */
  async or(promise: Promise<unknown>): Promise<void> {
    if (this.#signal.aborted) return;
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await Promise.race([promise, stopped]);
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  /** Settles like the work, or resolves when it goes on for longer than `grace` milliseconds after the stop. */
  async orSoonAfter(work: Promise<unknown>, grace: number): Promise<void> {
    const late = new AbortController();
    work.catch(() => {});
    try {
      await this.or(work);
      if (this.#signal.aborted) await Promise.race([work, sleep(grace, undefined, { signal: late.signal })]);
    } finally {
      late.abort();
    }
  }

  #stop(): void {
    for (const resolve of this.#waiting) resolve();
  }
}
