import { isatty } from "node:tty";

const STDERR = 2;

/**
 * Reasons to read the pipeline files again: SIGHUP, and others that are noted. Those that come too early wait. A SIGHUP because
 * the terminal of sluice was closed is a SIGTERM: nobody would see it go on.
 */
export class Hangups {
  readonly #hasTerminal = isatty(STDERR);
  #waiting: string | undefined;
  #listener: ((why: string) => void) | undefined;

  constructor() {
    process.on("SIGHUP", () => {
      if (this.#hasTerminal && !isatty(STDERR)) process.kill(process.pid, "SIGTERM");
      else this.note("SIGHUP");
    });
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
