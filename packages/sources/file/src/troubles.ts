import { errorText, type Logger } from "@sluice/core";

interface Trouble {
  readonly text: string;
  readonly delay: number;
  readonly until: number;
}

const LONGEST_MS = 10_000;

/** Files that could not be opened or read: each failure is logged once and tried again with growing pauses. */
export class Troubles {
  readonly #byFile = new Map<string, Trouble>();
  readonly #log: Logger;
  readonly #firstDelay: number;

  constructor(log: Logger, firstDelay: number) {
    this.#log = log;
    this.#firstDelay = firstDelay;
  }

  /** Whether the file may be tried now. */
  mayTry(key: string): boolean {
    return (this.#byFile.get(key)?.until ?? 0) <= performance.now();
  }

  has(key: string): boolean {
    return this.#byFile.has(key);
  }

  failed(key: string, path: string, error: unknown): void {
    const text = errorText(error);
    const last = this.#byFile.get(key);
    const delay = Math.min(last ? last.delay * 2 : this.#firstDelay, LONGEST_MS);
    this.#byFile.set(key, { text, delay, until: performance.now() + delay });
    if (last?.text !== text) this.#log.warn({ path, error: text }, "cannot read this file; it is tried again");
  }

  /** Waits like after a failure, but says nothing. */
  later(key: string, delay: number): void {
    this.#byFile.set(key, { text: "", delay, until: performance.now() + delay });
  }

  over(key: string, path: string): void {
    const last = this.#byFile.get(key);
    if (!last) return;
    this.#byFile.delete(key);
    if (last.text) this.#log.info({ path }, "this file can be read again");
  }
}
