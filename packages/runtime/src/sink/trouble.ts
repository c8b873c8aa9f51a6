import { errorText, type Logger } from "@sluice/core";
import { ErrorCounts } from "../meters/error-counts.ts";

/** The errors of one sink: logs each and remembers the last. */
export class Trouble {
  readonly #sink: string;
  readonly #log: Logger;
  readonly #counts = new ErrorCounts();
  last: string | undefined;
  /** Milliseconds since the epoch. */
  lastAt: number | undefined;

  constructor(sink: string, log: Logger) {
    this.#sink = sink;
    this.#log = log;
  }

  /** Errors so far, by code. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts.snapshot();
  }

  note(error: unknown, what: string, fields: object = {}): void {
    this.last = errorText(error);
    this.lastAt = Date.now();
    this.#counts.note(error);
    const { code, hint } = (error ?? {}) as { code?: unknown; hint?: unknown };
    const advice = typeof hint === "string" ? { hint } : {};
    this.#log.warn({ sink: this.#sink, code, error: this.last, ...advice, ...fields }, what);
  }
}
