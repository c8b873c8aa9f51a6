/** More than kernels hold of a connection on both of its sides: a client that sends so much has not looked for our FIN. */
const ON_THE_WAY = 16 * 1_048_576;

/** The end of a connection: how long its client has had since our FIN, not counting the time in which it waited for us. */
export class Parting {
  readonly #begun: number;
  #waitingSince: number | undefined;
  #waited = 0;
  #read = 0;

  /**
   * @param now in milliseconds, as everywhere here
   * @param isWaiting whether the client waits for us just now
   */
  constructor(now: number, isWaiting: boolean) {
    this.#begun = now;
    if (isWaiting) this.#waitingSince = now;
  }

  /** From now on the client is not read. */
  pause(now: number): void {
    this.#waitingSince ??= now;
  }

  resume(now: number): void {
    this.#waited += now - (this.#waitingSince ?? now);
    this.#waitingSince = undefined;
  }

  read(bytes: number): void {
    this.#read += bytes;
  }

  /** Whether a client that had `patience` milliseconds to end as well has let them pass. */
  isOver(now: number, patience: number): boolean {
    const passed = now - this.#begun;
    if (passed <= patience) return false;
    const waited = this.#waited + (now - (this.#waitingSince ?? now));
    return passed - waited > patience || this.#read > ON_THE_WAY;
  }
}
