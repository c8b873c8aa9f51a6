/** Thrown when a text could not be checked within its time. It does not hold the text. */
export class TextWithheld extends Error {
  constructor() {
    super("the text could not be checked for secrets within its time budget");
    this.name = "TextWithheld";
  }
}

/** Part of the budget after which the CPU time is looked at too. */
const LOOK_AT = 0.25;

/**
 * Time that checking one text, or all of an event, may take. It is CPU time of this thread: waiting for a busy machine
 * does not count. As asking for that costs more than most lines do, it is only asked for when the clock gives reason.
 */
export class Budget {
  readonly #base: number;
  #limit: number;
  readonly #started = performance.now();
  #cpuAtLook: number | undefined;

  /** @param limit Milliseconds. */
  constructor(limit: number) {
    this.#base = limit;
    this.#limit = limit;
  }

  /** Adds so many times the limit: that a text is long does not make it hostile. */
  extend(times: number): void {
    this.#limit += times * this.#base;
  }

  /** Throws {@link TextWithheld} when the time is over. */
  check(): void {
    const elapsed = performance.now() - this.#started;
    if (elapsed < this.#limit * LOOK_AT) return;
    this.#cpuAtLook ??= threadCpu() - this.#limit * LOOK_AT;
    if (elapsed >= this.#limit && threadCpu() - this.#cpuAtLook >= this.#limit) throw new TextWithheld();
  }
}

/** Milliseconds of CPU that this thread has used. */
function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
