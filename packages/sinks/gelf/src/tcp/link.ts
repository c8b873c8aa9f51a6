import { type Logger, SluiceError } from "@sluice/core";
import type { GelfOptions } from "../options.ts";
import { type ConnectSettings, connect } from "./connect.ts";
import { Connection, type Entry } from "./connection.ts";
import { probeClose } from "./probe.ts";

/** A connection with at least this much unconfirmed is closed early when no more comes for QUIET_MS: someone waits. */
const QUIET_BYTES = 64 * 1024;
const QUIET_MS = 25;
/** Bytes that the first connections to a receiver carry at most, until it has answered a close. */
const UNPROVEN_BYTES = 256 * 1024;
const TICK_MS = 250;
/** How long a receiver that answers no close is given at the end to read what was sent. */
const FAREWELL_MS = 1000;

export type LinkOptions = Pick<GelfOptions, "confirm" | "confirm_timeout" | "stall_timeout" | "rotate">;

/**
 * Confirmed delivery over TCP, which has no acknowledgements of its own. A batch counts as delivered once the
 * connection that carried it ended cleanly (our FIN, the peer's FIN without an error), a later connect was accepted, and
 * no other connection broke meanwhile: a dying receiver breaks all of them. Any failure fails every open batch, so that
 * they can be sent again in order.
 *
 * `#active` carries; `#closing` waits for the peer's FIN; `#verifying` for the later connect, whose connection is the
 * next `#standby`, and thereafter `#active`.
 */
export class ConfirmedLink {
  readonly #settings: ConnectSettings;
  readonly #options: LinkOptions;
  readonly #log: Logger;
  readonly #queue: Entry[] = [];
  #active: Connection | null = null;
  #standby: Connection | null = null;
  #closing: Connection | null = null;
  #verifying: Connection | null = null;
  #opening = false;
  #draining = false;
  #closed = false;
  /** True once the peer has answered a close: it can confirm, and later silence is a failure. */
  #proven = false;
  /** True while writes are not confirmed: `confirm: off`, or after falling back. */
  #trusting: boolean;
  /** True after a receiver was refused (`confirm: required`): it is asked with an empty connection first. */
  #refused = false;
  /** Counts failures, so that a connect that was under way during one is not used. */
  #generation = 0;
  #progressAt = 0;
  #sentBefore = 0;
  #ticker: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #quietSince = false;
  #idleWaiters: (() => void)[] = [];

  constructor(settings: ConnectSettings, options: LinkOptions, log: Logger) {
    this.#settings = settings;
    this.#options = options;
    this.#log = log;
    this.#trusting = options.confirm === "off";
  }

  /** Resolves when the peer has confirmed the bytes, which must be complete frames. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#closed || signal.aborted) return Promise.reject(this.#failure("the sink was closed"));
    const entry: Entry = { bytes, resolve, reject };
    const onAbort = (): void => {
      const at = this.#queue.indexOf(entry);
      if (at >= 0) this.#queue.splice(at, 1);
      reject(this.#failure("given up at the deadline"));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#queue.push(entry);
    this.#pump();
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** Resolves when nothing is open any more, whether it was confirmed or not. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#pump();
    if (this.#isPending()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    if (this.#trusting && this.#active) await this.#sayFarewell(this.#active);
  }

  close(): void {
    this.#closed = true;
    this.#fail(this.#failure("the sink was closed"));
  }

  /** Hands queued batches to the active connection, and closes it when it is time to confirm. */
  #pump(): void {
    this.#watch();
    if (this.#options.rotate.ordered && this.#closing) return;
    if (this.#queue.length > 0 && !this.#ensureActive()) return;
    while (this.#active && this.#queue.length > 0 && !this.#isFull(this.#active)) {
      this.#active.send(this.#queue.shift() as Entry);
      this.#restartQuiet();
      if (this.#trusting) this.#settleWhenFlushed(this.#active);
      else if (this.#isDue(this.#active) && this.#rotate()) return this.#pump();
    }
    if (this.#active && this.#isDue(this.#active)) this.#rotate();
  }

  #ensureActive(): boolean {
    if (!this.#active && this.#standby) {
      this.#active = this.#standby;
      this.#standby = null;
    }
    if (this.#active) return true;
    if (!this.#opening && !this.#verifying) void (this.#refused ? this.#askFirst() : this.#open());
    return false;
  }

  async #open(): Promise<void> {
    const generation = this.#generation;
    this.#opening = true;
    try {
      this.#active = await this.#connect(generation);
      if (!this.#trusting) void this.#openStandby(generation);
    } catch (error) {
      if (generation === this.#generation) this.#fail(error as Error);
      return;
    }
    this.#opening = false;
    this.#pump();
  }

  /** A second connection: it takes over without a pause, and breaks when the receiver dies. */
  async #openStandby(generation: number): Promise<void> {
    const connection = await this.#connect(generation).catch(() => null);
    if (this.#standby) connection?.destroy();
    else this.#standby = connection;
  }

  async #connect(generation: number): Promise<Connection> {
    const socket = await connect(this.#settings);
    if (generation !== this.#generation) {
      socket.destroy();
      throw this.#failure("given up");
    }
    return new Connection(socket, {
      lost: (connection, error) => this.#lost(connection, error),
      ended: (connection) => this.#ended(connection),
    });
  }

  /** Asks a receiver that was refused whether it answers a close now, with a connection that carries nothing. */
  async #askFirst(): Promise<void> {
    const generation = this.#generation;
    this.#opening = true;
    try {
      const answers = await probeClose(this.#settings, this.#options.confirm_timeout);
      if (generation !== this.#generation) return;
      if (!answers) return this.#fail(this.#refusal());
    } catch (error) {
      if (generation === this.#generation) this.#fail(error as Error);
      return;
    }
    this.#refused = false;
    this.#proven = true;
    this.#opening = false;
    this.#pump();
  }

  #isDue(connection: Connection): boolean {
    if (this.#trusting || connection.entries.length === 0) return false;
    const { age } = this.#options.rotate;
    if (connection.carried >= this.#rotateBytes || performance.now() - connection.firstAt >= age) return true;
    const waits = this.#quietSince && connection.carried >= QUIET_BYTES;
    return this.#queue.length === 0 && (this.#draining || waits);
  }

  /** Little is entrusted to a receiver until it has confirmed something once. */
  get #rotateBytes(): number {
    const { bytes } = this.#options.rotate;
    return this.#proven ? bytes : Math.min(bytes, UNPROVEN_BYTES);
  }

  /** True when the connection must wait for the confirmation of the one before to be closed itself. */
  #isFull(connection: Connection): boolean {
    return !this.#trusting && connection.carried >= 2 * this.#rotateBytes;
  }

  /** Closes the active connection to confirm it. False when an earlier one is not confirmed yet. */
  #rotate(): boolean {
    if (this.#closing || this.#verifying || !this.#active) return false;
    this.#closing = this.#active;
    this.#active = null;
    this.#closing.end();
    this.#touch();
    return true;
  }

  #ended(connection: Connection): void {
    if (connection !== this.#closing) return;
    this.#verifying = connection;
    this.#closing = null;
    this.#touch();
    void this.#verify(connection);
    this.#pump();
  }

  async #verify(connection: Connection): Promise<void> {
    const generation = this.#generation;
    try {
      const next = await this.#connect(generation);
      if (this.#standby) next.destroy();
      else this.#standby = next;
    } catch (error) {
      if (generation === this.#generation) this.#fail(this.#failure("the receiver cannot be reached any more", error));
      return;
    }
    // The ends of other connections may be in the same round of events: they come first.
    setImmediate(() => {
      if (this.#verifying === connection) this.#confirm(connection);
    });
  }

  #confirm(connection: Connection): void {
    this.#verifying = null;
    this.#proven = true;
    this.#touch();
    settle(connection);
    this.#pump();
  }

  #lost(connection: Connection, cause: Error | null): void {
    const confirming = this.#closing !== null || this.#verifying !== null;
    const isIdle = connection !== this.#closing && connection.entries.length === 0;
    if (!isIdle || confirming) return this.#fail(this.#failure("the connection broke", cause ?? undefined));
    if (connection === this.#standby) this.#standby = null;
    else if (connection === this.#active) this.#active = null;
    if (this.#trusting && connection.carried > 0) this.#warn("the connection broke; what was in it may be lost");
    this.#reconsider();
  }

  /** After the end of a connection that was trusted: the next receiver gets its chance to confirm. */
  #reconsider(): void {
    if (!this.#trusting) return;
    this.#proven = false;
    this.#trusting = this.#options.confirm === "off";
  }

  #settleWhenFlushed(connection: Connection): void {
    const { length } = connection.entries;
    connection.flushed(() => {
      for (const entry of connection.entries.splice(0, length)) entry.resolve();
      this.#touch();
      this.#tellIdle();
    });
  }

  /** A receiver that has never confirmed anything did not answer our FIN in time. */
  #unanswered(connection: Connection): void {
    if (this.#options.confirm === "required") {
      this.#refused = true;
      return this.#fail(this.#refusal());
    }
    this.#warn(
      "the receiver never answers the close of a connection, so deliveries cannot be confirmed: from now on messages " +
        "count as delivered once written, and those in flight are lost without notice when the receiver dies. Graylog " +
        "answers; is a proxy in between? `confirm: off` accepts this, `confirm: required` refuses it",
    );
    this.#trusting = true;
    this.#closing = null;
    // No reset: should the receiver only have been asleep, it can still read what the kernel holds for it.
    connection.destroy();
    settle(connection);
    if (this.#active) this.#settleWhenFlushed(this.#active);
    this.#pump();
  }

  #refusal(): SluiceError {
    return new SluiceError(
      "SLUICE_UNCONFIRMED",
      `${this.#settings.target.address} never answers the close of a connection`,
      {
        hint: "`confirm: required` needs a receiver that closes its side too, as Graylog does; is a proxy in between?",
      },
    );
  }

  #warn(message: string): void {
    this.#log.warn({ address: this.#settings.target.address }, message);
  }

  #failure(what: string, cause?: unknown): SluiceError {
    const reason = cause instanceof Error ? `: ${cause.message}` : "";
    const text = `${this.#settings.target.address}: ${what}${reason}; what was not confirmed is sent again`;
    return new SluiceError("SLUICE_UNCONFIRMED", text, cause === undefined ? {} : { cause });
  }

  /** Fails every open batch and starts anew with the next write. */
  #fail(error: Error): void {
    this.#generation++;
    const open = [this.#verifying, this.#closing, this.#active, this.#standby];
    this.#verifying = this.#closing = this.#active = this.#standby = null;
    this.#opening = false;
    this.#reconsider();
    const entries = [...open.flatMap((connection) => connection?.entries ?? []), ...this.#queue.splice(0)];
    for (const connection of open) connection?.destroy();
    for (const entry of entries) entry.reject(error);
    this.#watch();
    this.#tellIdle();
  }

  #isPending(): boolean {
    const carrying = [this.#active, this.#closing, this.#verifying].some((c) => c !== null && c.entries.length > 0);
    return carrying || this.#queue.length > 0;
  }

  #tellIdle(): void {
    if (this.#isPending()) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #sayFarewell(connection: Connection): Promise<void> {
    this.#active = null;
    connection.end();
    await new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS).unref());
    connection.destroy();
  }

  /** Starts or stops the clock; it runs while something is open. */
  #watch(): void {
    this.#tellIdle();
    if (!this.#isPending()) {
      clearInterval(this.#ticker);
      clearTimeout(this.#quiet);
      this.#ticker = undefined;
    } else if (!this.#ticker) {
      this.#touch();
      this.#ticker = setInterval(() => this.#tick(), Math.min(TICK_MS, this.#options.confirm_timeout / 4));
    }
  }

  #tick(): void {
    const now = performance.now();
    const sent = [this.#active, this.#closing].reduce((sum, connection) => sum + (connection?.sent ?? 0), 0);
    if (sent !== this.#sentBefore) this.#touch();
    this.#sentBefore = sent;
    const closing = this.#closing;
    const silent = closing && closing.finishedAt > 0 ? now - closing.finishedAt : 0;
    if (closing && !this.#proven && silent > this.#options.confirm_timeout) this.#unanswered(closing);
    else if (now - this.#progressAt > this.#options.stall_timeout)
      this.#fail(this.#failure("the receiver reads nothing"));
    else this.#pump();
  }

  #touch(): void {
    this.#progressAt = performance.now();
  }

  #restartQuiet(): void {
    this.#quietSince = false;
    if (this.#trusting) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#quietSince = true;
      this.#pump();
    }, QUIET_MS);
  }
}

/** Tells all batches of a connection that they were delivered. */
function settle(connection: Connection): void {
  for (const entry of connection.entries.splice(0)) entry.resolve();
}
