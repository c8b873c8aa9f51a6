import { JetStreamApiError } from "@nats-io/jetstream";
import { errorText, type Logger } from "@sluice/core";
import { isForbidden } from "@sluice/nats";

/** Says what keeps sluices from agreeing on what is stored: once for each kind of trouble, until it is over. */
export class ClaimTroubles {
  readonly #log: Logger;
  /** Of the log of claims. */
  readonly #stream: string;
  #isRefused = false;
  #isLate = false;

  constructor(log: Logger, stream: string) {
    this.#log = log;
    this.#stream = stream;
  }

  /** Whether the servers refuse for good; then it is told. */
  refused(error: unknown): boolean {
    const isRefusal = isForbidden(error) || (error instanceof JetStreamApiError && error.status < 500);
    if (!isRefusal) return false;
    const hint = `give this user the rights on the stream ${this.#stream} that docs/fleets.md names`;
    const fields = { stream: this.#stream, error: errorText(error), hint };
    if (!this.#isRefused)
      this.#log.warn(fields, "without claims: what a dead sluice has stored may be stored once more");
    this.#isRefused = true;
    return true;
  }

  /** The servers have not answered, or not in time. */
  late(error: unknown): void {
    const hint =
      "what other sluices may have stored waits; see whether the servers are overloaded, or raise `request_timeout`";
    const fields = { stream: this.#stream, error: errorText(error), hint };
    if (!this.#isLate) this.#log.warn(fields, "cannot read or write the claims of the sluices");
    this.#isLate = true;
  }

  /** The servers answer. */
  over(): void {
    if (this.#isLate) this.#log.info({ stream: this.#stream }, "claims can be read and written again");
    this.#isLate = false;
  }
}
