import type { Logger } from "@sluice/core";
import type { GelfOptions } from "../options.ts";
import { type ConnectSettings, connect } from "./connect.ts";
import { Connection, type Entry } from "./connection.ts";
import { FALLS_BACK, refusal, TRUSTED_BROKE, unconfirmed } from "./messages.ts";
import { probeClose } from "./probe.ts";
import { Progress } from "./progress.ts";
import { Rotation } from "./rotation.ts";

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
  readonly #rotation: Rotation;
  readonly #progress: Progress;
  readonly #queue: Entry[] = [];
  #active: Connection | null = null;
  #standby: Connection | null = null;
  #closing: Connection | null = null;
  #verifying: Connection | null = null;
  #opening = false;
  #closed = false;
  /** True while writes are not confirmed: `confirm: off`, or after falling back. */
  #trusting: boolean;
  /** True after a receiver was refused (`confirm: required`): it is asked with an empty connection first. */
  #refused = false;
  /** Counts failures, so that a connect that was under way during one is not used. */
  #generation = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(settings: ConnectSettings, options: LinkOptions, log: Logger) {
    this.#settings = settings;
    this.#options = options;
    this.#log = log;
    this.#trusting = options.confirm === "off";
    this.#rotation = new Rotation(options.rotate, () => this.#pump());
    const sent = (): number => (this.#active?.sent ?? 0) + (this.#closing?.sent ?? 0);
    this.#progress = new Progress(sent, (stalledFor) => this.#tick(stalledFor), options.confirm_timeout / 4);
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
    this.#rotation.draining = true;
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
    this.#noteIdle();
    if (this.#options.rotate.ordered && this.#closing) return;
    if (this.#queue.length > 0 && !this.#ensureActive()) return;
    while (this.#active && this.#queue.length > 0 && (this.#trusting || !this.#rotation.isFull(this.#active))) {
      this.#active.send(this.#queue.shift() as Entry);
      if (this.#trusting) this.#settleWhenFlushed(this.#active);
      else this.#rotation.noteSent();
      if (this.#rotateIfDue()) return this.#pump();
    }
    this.#rotateIfDue();
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
      if (!answers) return this.#fail(refusal(this.#settings.target.address));
    } catch (error) {
      if (generation === this.#generation) this.#fail(error as Error);
      return;
    }
    this.#refused = false;
    this.#rotation.proven = true;
    this.#opening = false;
    this.#pump();
  }

  /** Closes the active connection to confirm it, when it is time and the one before is confirmed. */
  #rotateIfDue(): boolean {
    const active = this.#active;
    if (this.#trusting || this.#closing || this.#verifying || !active) return false;
    if (!this.#rotation.isDue(active, this.#queue.length > 0)) return false;
    this.#closing = active;
    this.#active = null;
    active.end();
    this.#progress.note();
    return true;
  }

  #ended(connection: Connection): void {
    if (connection !== this.#closing) return;
    this.#verifying = connection;
    this.#closing = null;
    this.#progress.note();
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
    this.#rotation.proven = true;
    this.#progress.note();
    settle(connection);
    this.#pump();
  }

  #lost(connection: Connection, cause: Error | null): void {
    const confirming = this.#closing !== null || this.#verifying !== null;
    const isIdle = connection !== this.#closing && connection.entries.length === 0;
    if (!isIdle || confirming) return this.#fail(this.#failure("the connection broke", cause ?? undefined));
    if (connection === this.#standby) this.#standby = null;
    else if (connection === this.#active) this.#active = null;
    if (this.#trusting && connection.carried > 0) this.#warn(TRUSTED_BROKE);
    this.#reconsider();
  }

  /** After the end of a connection that was trusted: the next receiver gets its chance to confirm. */
  #reconsider(): void {
    if (!this.#trusting) return;
    this.#rotation.proven = false;
    this.#trusting = this.#options.confirm === "off";
  }

  #settleWhenFlushed(connection: Connection): void {
    const { length } = connection.entries;
    connection.flushed(() => {
      for (const entry of connection.entries.splice(0, length)) entry.resolve();
      this.#progress.note();
      this.#noteIdle();
    });
  }

  /** A receiver that has never confirmed anything did not answer our FIN in time. */
  #unanswered(connection: Connection): void {
    if (this.#options.confirm === "required") {
      this.#refused = true;
      return this.#fail(refusal(this.#settings.target.address));
    }
    this.#warn(FALLS_BACK);
    this.#trusting = true;
    this.#closing = null;
    // No reset: should the receiver only have been asleep, it can still read what the kernel holds for it.
    connection.destroy();
    settle(connection);
    if (this.#active) this.#settleWhenFlushed(this.#active);
    this.#pump();
  }

  #warn(message: string): void {
    this.#log.warn({ address: this.#settings.target.address }, message);
  }

  #failure(what: string, cause?: unknown): Error {
    return unconfirmed(this.#settings.target.address, what, cause);
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
    this.#noteIdle();
  }

  #isPending(): boolean {
    const carrying = [this.#active, this.#closing, this.#verifying].some((c) => c !== null && c.entries.length > 0);
    return carrying || this.#queue.length > 0;
  }

  /** Runs the clock while something is open, and tells those who wait for the end of it. */
  #noteIdle(): void {
    const pending = this.#isPending();
    this.#progress.run(pending);
    if (pending) return;
    this.#rotation.stop();
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #sayFarewell(connection: Connection): Promise<void> {
    this.#active = null;
    connection.end();
    await new Promise<void>((resolve) => setTimeout(resolve, FAREWELL_MS).unref());
    connection.destroy();
  }

  /** Looks after what is open; `stalledFor` milliseconds nothing has got on. */
  #tick(stalledFor: number): void {
    const closing = this.#closing;
    const silent = closing && closing.finishedAt > 0 ? performance.now() - closing.finishedAt : 0;
    if (closing && !this.#rotation.proven && silent > this.#options.confirm_timeout) this.#unanswered(closing);
    else if (stalledFor > this.#options.stall_timeout) this.#fail(this.#failure("the receiver reads nothing"));
    else this.#pump();
  }
}

/** Tells all batches of a connection that they were delivered. */
function settle(connection: Connection): void {
  for (const entry of connection.entries.splice(0)) entry.resolve();
}
