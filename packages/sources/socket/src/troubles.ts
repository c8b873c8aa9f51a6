import type { Logger } from "@sluice/core";

const EVERY_MS = 10_000;

/**
 * Counts what goes wrong with many peers, and tells of it at most once in ten seconds and kind: a hostile client must not
 * be able to flood the log.
 */
export class Troubles {
  readonly #log: Logger;
  readonly #counts = new Map<string, { count: number; last: object }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param last what is known of this one case */
  note(what: string, last: object = {}): void {
    const known = this.#counts.get(what);
    this.#counts.set(what, { count: (known?.count ?? 0) + 1, last });
    if (this.#timer) return;
    this.#tell();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#counts.size > 0) this.#tell();
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** Tells what was not told yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#tell();
  }

  #tell(): void {
    for (const [what, { count, last }] of this.#counts) {
      this.#log.warn({ ...last, ...(count > 1 && { count }) }, what);
    }
    this.#counts.clear();
  }
}
