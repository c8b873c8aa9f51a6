import type { GelfOptions } from "../options.ts";
import type { Connection } from "./connection.ts";

/** A connection with at least this much unconfirmed is closed early when no more comes for QUIET_MS: someone waits. */
const QUIET_BYTES = 64 * 1024;
const QUIET_MS = 25;
/** Bytes that the first connections to a receiver carry at most, until it has answered a close. */
const UNPROVEN_BYTES = 256 * 1024;

/** Decides when a connection has carried enough to be closed and confirmed. */
export class Rotation {
  /** True once the receiver has confirmed something: more is entrusted to it. */
  proven = false;
  /** True when nothing more will come, so that there is nothing to wait for. */
  draining = false;
  readonly #options: GelfOptions["rotate"];
  readonly #onQuiet: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isQuiet = false;

  /** @param onQuiet called when no batch has come for a while. */
  constructor(options: GelfOptions["rotate"], onQuiet: () => void) {
    this.#options = options;
    this.#onQuiet = onQuiet;
  }

  /** Whether the connection should be closed now. */
  isDue(connection: Connection, hasMore: boolean): boolean {
    if (connection.entries.length === 0) return false;
    if (connection.carried >= this.#bytes || performance.now() - connection.firstAt >= this.#options.age) return true;
    return !hasMore && (this.draining || (this.#isQuiet && connection.carried >= QUIET_BYTES));
  }

  /** Whether the connection must wait for the confirmation of the one before to be closed itself. */
  isFull(connection: Connection): boolean {
    return connection.carried >= 2 * this.#bytes;
  }

  /** Notes that a batch was sent. */
  noteSent(): void {
    this.stop();
    this.#isQuiet = false;
    this.#timer = setTimeout(() => {
      this.#isQuiet = true;
      this.#onQuiet();
    }, QUIET_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  get #bytes(): number {
    return this.proven ? this.#options.bytes : Math.min(this.#options.bytes, UNPROVEN_BYTES);
  }
}
