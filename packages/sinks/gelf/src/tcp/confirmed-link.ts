import type { GelfOptions } from "../options.ts";
import { type ConnectSettings, connect } from "./connect.ts";
import { Connection, type Entry } from "./connection.ts";
import { refusal, unconfirmed } from "./messages.ts";
import { probeClose } from "./probe.ts";
import { Progress } from "./progress.ts";
import { Rotation } from "./rotation.ts";

export type ConfirmOptions = Pick<GelfOptions, "confirm" | "confirm_timeout" | "stall_timeout" | "rotate">;

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
  readonly #options: ConfirmOptions;
  readonly #onUnanswered: (open: readonly Entry[]) => void;
  readonly #rotation: Rotation;
  readonly #progress: Progress;
  readonly #queue: Entry[] = [];
  #active: Connection | null = null;
  #standby: Connection | null = null;
  #closing: Connection | null = null;
  #verifying: Connection | null = null;
  #opening = false;
  #openingStandby = false;
  /** True after a receiver was refused (`confirm: required`): it is asked with an empty connection first. */
  #refused = false;
  /** Counts failures, so that a connect that was under way during one is not used. */
  #generation = 0;
  #idleWaiters: (() => void)[] = [];

  /** @param onUnanswered gets the batches not sent yet when the peer has never answered a close (`confirm: auto`) */
  constructor(settings: ConnectSettings, options: ConfirmOptions, onUnanswered: (open: readonly Entry[]) => void) {
    this.#settings = settings;
    this.#options = options;
    this.#onUnanswered = onUnanswered;
    this.#rotation = new Rotation(options.rotate, () => this.#pump());
    const sent = (): number => (this.#active?.sent ?? 0) + (this.#closing?.sent ?? 0);
    this.#progress = new Progress(sent, (stalledFor) => this.#tick(stalledFor), options.confirm_timeout / 4);
  }

  /** Sends a batch; its `resolve` is called when the peer has confirmed it. */
  offer(entry: Entry): void {
    this.#queue.push(entry);
    this.#pump();
  }

  /** Takes back a batch that was not sent yet. */
  withdraw(entry: Entry): void {
    const at = this.#queue.indexOf(entry);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#noteIdle();
  }

  /** Resolves when nothing is open any more, whether it was confirmed or not. */
  async drain(): Promise<void> {
    this.#rotation.draining = true;
    this.#pump();
    if (this.#isPending()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  close(): void {
    this.#fail(this.#failure("the sink was closed"));
  }

  /** Hands queued batches to the active connection, and closes it when it is time to confirm. */
  #pump(): void {
    this.#noteIdle();
    if (this.#options.rotate.ordered && this.#closing) return;
    if (this.#queue.length > 0 && !this.#ensureActive()) return;
    while (this.#active && this.#queue.length > 0 && !this.#rotation.isFull(this.#active)) {
      this.#active.send(this.#queue.shift() as Entry);
      this.#rotation.noteSent();
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
    } catch (error) {
      if (generation === this.#generation) this.#fail(error as Error);
      return;
    }
    this.#opening = false;
    this.#pump();
  }

  /**
   * A second connection, open before the first is closed: it takes over without a pause, and it is the witness that the
   * receiver lives on. One that dies ends the first as cleanly as if it had confirmed it, but this one with it.
   */
  async #openStandby(): Promise<void> {
    const generation = this.#generation;
    this.#openingStandby = true;
    try {
      this.#standby = await this.#connect(generation);
    } catch (error) {
      if (generation === this.#generation) this.#fail(this.#failure("the receiver cannot be reached any more", error));
      return;
    }
    this.#openingStandby = false;
    this.#pump();
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

  /** Closes the active connection to confirm it, when it is time, the one before is confirmed and the next is open. */
  #rotateIfDue(): boolean {
    const active = this.#active;
    if (this.#closing || this.#verifying || !active) return false;
    if (!this.#rotation.isDue(active, this.#queue.length > 0)) return false;
    if (!this.#standby) {
      if (!this.#openingStandby) void this.#openStandby();
      return false;
    }
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
  }

  /** A receiver that has never confirmed anything did not answer our FIN in time. */
  #unanswered(connection: Connection): void {
    if (this.#options.confirm === "required") {
      this.#refused = true;
      return this.#fail(refusal(this.#settings.target.address));
    }
    // No reset: should the receiver only have been asleep, it can still read what the kernel holds for it.
    settle(connection);
    const open = [...(this.#active?.entries.splice(0) ?? []), ...this.#queue.splice(0)];
    this.#reset();
    this.#onUnanswered(open);
  }

  #failure(what: string, cause?: unknown): Error {
    return unconfirmed(this.#settings.target.address, what, cause);
  }

  /** Fails every open batch and starts anew with the next one. */
  #fail(error: Error): void {
    const connections = [this.#verifying, this.#closing, this.#active];
    const entries = [...connections.flatMap((connection) => connection?.entries ?? []), ...this.#queue.splice(0)];
    this.#reset();
    for (const entry of entries) entry.reject(error);
  }

  #reset(): void {
    this.#generation++;
    for (const connection of [this.#verifying, this.#closing, this.#active, this.#standby]) connection?.destroy();
    this.#verifying = this.#closing = this.#active = this.#standby = null;
    this.#opening = this.#openingStandby = false;
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
