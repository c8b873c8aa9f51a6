import { type EncodedBatch, type Rejection, SluiceError } from "@sluice/core";
import { type BackoffOptions, backoffDelay, pause } from "../backoff.ts";
import type { DeadLetterFile } from "./dead-letter.ts";
import { frame } from "./frames.ts";
import type { Trouble } from "./trouble.ts";

/** Under which reason the ledger counts a frame that was not delivered. */
export type LossReason = "dead_letter" | "delivery_failed";

/** What happens to frames that a sink will never take. */
export class Losses {
  readonly #file: DeadLetterFile | undefined;
  readonly #trouble: Trouble;
  readonly #retry: BackoffOptions;
  readonly #deadline: AbortSignal;

  constructor(file: DeadLetterFile | undefined, trouble: Trouble, retry: BackoffOptions, deadline: AbortSignal) {
    this.#file = file;
    this.#trouble = trouble;
    this.#retry = retry;
    this.#deadline = deadline;
  }

  /**
   * Puts frames into the dead letter file, as often as it takes; without a file it only says that they are lost.
   * Resolves to undefined when the deadline passed before they were written.
   */
  async enter(batch: EncodedBatch, rejected: readonly Rejection[]): Promise<LossReason | undefined> {
    const reason = rejected[0]?.reason ?? "unknown";
    if (!this.#file) {
      const lost = new SluiceError("SLUICE_REJECTED", reason);
      this.#trouble.note(lost, "events are lost; a dead_letter file would keep them", { events: rejected.length });
      return "delivery_failed";
    }
    const letters = rejected.map((rejection) => ({ frame: frame(batch, rejection.frame), reason: rejection.reason }));
    for (let failures = 1; !this.#deadline.aborted; failures++) {
      try {
        await this.#file.append(letters);
        return "dead_letter";
      } catch (error) {
        this.#trouble.note(error, "cannot write the dead letter file");
        await pause(backoffDelay(failures, this.#retry), this.#deadline);
      }
    }
    return undefined;
  }

  /** Closes the file; after the deadline without waiting for it. */
  async close(): Promise<void> {
    const closing = this.#file?.close().catch((error: unknown) => this.#trouble.note(error, "cannot close"));
    if (!this.#deadline.aborted) await closing;
  }
}
