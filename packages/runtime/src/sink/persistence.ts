import type { Logger } from "@sluice/core";
import { type BackoffOptions, backoffDelay, pause } from "../backoff.ts";
import type { Trouble } from "./trouble.ts";

/** Repeats what a streaming sink does at its far end until it succeeds. All of it pauses together: it is one far end. */
export class Persistence {
  readonly #retry: BackoffOptions;
  readonly #trouble: Trouble;
  readonly #log: Logger;
  readonly #sink: string;
  readonly #deadline: AbortSignal;
  #failures = 0;
  #failedAt = 0;
  #pauseUntil = 0;
  /** Attempts that were repeated. */
  retries = 0;

  constructor(sink: string, retry: BackoffOptions, trouble: Trouble, log: Logger, deadline: AbortSignal) {
    this.#sink = sink;
    this.#retry = retry;
    this.#trouble = trouble;
    this.#log = log;
    this.#deadline = deadline;
  }

  /** True while the last attempt failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** Rejects only after the deadline. `what` says for the log what cannot be done. */
  async persist<T>(what: string, action: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#wait();
      this.#deadline.throwIfAborted();
      const began = performance.now();
      try {
        const result = await action();
        this.#succeeded();
        return result;
      } catch (error) {
        this.#deadline.throwIfAborted();
        this.#failed(error, what, began);
      }
    }
  }

  /** When the pause ends, in milliseconds since the epoch; undefined when there is none. */
  get retryAt(): number | undefined {
    const left = this.#left();
    return this.failing && left > 0 ? Date.now() + left : undefined;
  }

  async #wait(): Promise<void> {
    for (let left = this.#left(); left > 0 && !this.#deadline.aborted; left = this.#left()) {
      await pause(left, this.#deadline);
    }
  }

  #left(): number {
    return this.#pauseUntil - performance.now();
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#log.info({ sink: this.#sink, failures: this.#failures }, "the sink works again");
    this.#failures = 0;
  }

  #failed(error: unknown, what: string, began: number): void {
    this.retries++;
    // Of several that were under way together, one counts.
    if (this.#failures > 0 && began < this.#failedAt) return;
    this.#failures++;
    const wait = backoffDelay(this.#failures, this.#retry);
    this.#failedAt = performance.now();
    this.#pauseUntil = this.#failedAt + wait;
    this.#trouble.note(error, what, { attempt: this.#failures, retryInMs: Math.round(wait) });
  }
}
