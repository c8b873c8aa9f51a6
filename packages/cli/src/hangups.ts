/** Reasons to read the pipeline files again: SIGHUP, and others that are noted. Those that come too early wait. */
export class Hangups {
  #waiting: string | undefined;
  #listener: ((why: string) => void) | undefined;

  constructor() {
    process.on("SIGHUP", () => this.note("SIGHUP"));
  }

  note(why: string): void {
    if (this.#listener) this.#listener(why);
    else this.#waiting = why;
  }

  /** Hands on reasons from now on. */
  listen(listener: (why: string) => void): void {
    this.#listener = listener;
    const why = this.#waiting;
    if (why !== undefined) listener(why);
  }
}
