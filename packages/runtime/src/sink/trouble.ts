import { errorText, type Logger } from "@sluice/core";

/** The errors of one sink: logs each and remembers the last. */
export class Trouble {
  readonly #sink: string;
  readonly #log: Logger;
  last: string | undefined;
  /** Milliseconds since the epoch. */
  lastAt: number | undefined;

  constructor(sink: string, log: Logger) {
    this.#sink = sink;
    this.#log = log;
  }

  note(error: unknown, what: string, fields: object = {}): void {
    this.last = errorText(error);
    this.lastAt = Date.now();
    const code = (error as { code?: unknown } | null)?.code;
    this.#log.warn({ sink: this.#sink, code, error: this.last, ...fields }, what);
  }
}
