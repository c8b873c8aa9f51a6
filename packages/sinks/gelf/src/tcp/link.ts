import type { Logger } from "@sluice/core";
import { ConfirmedLink, type ConfirmOptions } from "./confirmed-link.ts";
import type { ConnectSettings } from "./connect.ts";
import type { Entry } from "./connection.ts";
import { CONFIRMS_AGAIN, FALLS_BACK, TRUSTED_BROKE, unconfirmed } from "./messages.ts";
import { probeClose } from "./probe.ts";
import { TrustingLink } from "./trusting-link.ts";

/** How often a receiver that did not answer a close is asked again: it may only have been asleep. */
const ASK_AGAIN_MS = 60_000;

/** The way to the receiver: confirmed, or trusting where that is wanted or the receiver leaves no choice. */
export class Link {
  readonly #settings: ConnectSettings;
  readonly #log: Logger;
  readonly #confirmed: ConfirmedLink;
  #trusting: TrustingLink | null = null;
  /** Batches that wait for the end of the trusting link, so that the order stays. */
  #held: Entry[] | null = null;
  #askTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(settings: ConnectSettings, options: ConfirmOptions, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#confirmed = new ConfirmedLink(settings, options, (open) => this.#fallBack(open));
    if (options.confirm === "off") this.#trusting = new TrustingLink(settings, (carried) => this.#noteBroken(carried));
  }

  /** Resolves when the peer has the bytes, which must be complete frames. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { address } = this.#settings.target;
    if (this.#closed || signal.aborted) return Promise.reject(unconfirmed(address, "the sink was closed"));
    const entry: Entry = { bytes, resolve, reject };
    const onAbort = (): void => {
      this.#trusting?.withdraw(entry);
      this.#confirmed.withdraw(entry);
      reject(unconfirmed(address, "given up at the deadline"));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (this.#held) this.#held.push(entry);
    else (this.#trusting ?? this.#confirmed).offer(entry);
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** Resolves when nothing is open any more, whether it was confirmed or not. */
  async drain(): Promise<void> {
    await this.#trusting?.drain();
    await this.#confirmed.drain();
    // The confirmed link may have fallen back meanwhile.
    await this.#trusting?.drain();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#askTimer);
    this.#trusting?.close();
    this.#confirmed.close();
    for (const entry of this.#held?.splice(0) ?? []) {
      entry.reject(unconfirmed(this.#settings.target.address, "the sink was closed"));
    }
  }

  #fallBack(open: readonly Entry[]): void {
    this.#warn(FALLS_BACK);
    this.#trusting = new TrustingLink(this.#settings, (carried) => {
      this.#noteBroken(carried);
      void this.#confirmAgain();
    });
    this.#trusting.open();
    for (const entry of open) this.#trusting.offer(entry);
    this.#askLater();
  }

  #askLater(): void {
    this.#askTimer = setTimeout(() => void this.#ask(), ASK_AGAIN_MS).unref();
  }

  async #ask(): Promise<void> {
    const answers = await probeClose(this.#settings, ASK_AGAIN_MS / 2).catch(() => false);
    if (this.#closed || !this.#trusting) return;
    if (!answers) return this.#askLater();
    this.#log.info({ address: this.#settings.target.address }, CONFIRMS_AGAIN);
    await this.#confirmAgain();
  }

  /** Goes back to confirming once what was trusted is written. */
  async #confirmAgain(): Promise<void> {
    const trusting = this.#trusting;
    if (!trusting || this.#held) return;
    clearTimeout(this.#askTimer);
    this.#held = [];
    await trusting.drain();
    const held = this.#held;
    this.#held = null;
    this.#trusting = null;
    for (const entry of held) this.#confirmed.offer(entry);
  }

  #noteBroken(carried: boolean): void {
    if (carried) this.#warn(TRUSTED_BROKE);
  }

  #warn(message: string): void {
    this.#log.warn({ address: this.#settings.target.address }, message);
  }
}
