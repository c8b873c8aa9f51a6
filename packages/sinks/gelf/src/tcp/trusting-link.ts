import { type ConnectSettings, connect } from "./connect.ts";
import { Connection, type Entry } from "./connection.ts";
import { unconfirmed } from "./messages.ts";

/** How long a receiver is given at the end to answer our close. */
const FAREWELL_MS = 1000;

/** Sends over one connection and takes a batch for delivered once the kernel has it: nothing confirms it. */
export class TrustingLink {
  readonly #settings: ConnectSettings;
  readonly #onBroken: (carried: boolean) => void;
  readonly #queue: Entry[] = [];
  #connection: Connection | null = null;
  #opening = false;
  #closed = false;
  #idleWaiters: (() => void)[] = [];
  #onEnd: (() => void) | undefined;

  /** @param onBroken called when a connection has broken, with whether it had carried something */
  constructor(settings: ConnectSettings, onBroken: (carried: boolean) => void) {
    this.#settings = settings;
    this.#onBroken = onBroken;
  }

  /** Connects now, so that the end of the receiver is noticed without traffic. */
  open(): void {
    this.#pump();
  }

  offer(entry: Entry): void {
    this.#queue.push(entry);
    this.#pump();
  }

  /** Takes back a batch that was not sent yet. */
  withdraw(entry: Entry): void {
    const at = this.#queue.indexOf(entry);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** Resolves when everything was written and the connection is closed after the last complete frame. */
  async drain(): Promise<void> {
    if (this.#isPending()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = null;
    await new Promise<void>((resolve) => {
      this.#onEnd = resolve;
      setTimeout(resolve, FAREWELL_MS).unref();
      connection.end();
    });
    connection.destroy();
  }

  close(): void {
    this.#closed = true;
    this.#fail(new Error("the sink was closed"));
  }

  /** Connects if need be, and sends what waits. */
  #pump(): void {
    const connection = this.#connection;
    if (!connection) return void (this.#opening || this.#connect());
    for (const entry of this.#queue.splice(0)) {
      connection.send(entry, () => {
        connection.entries.shift()?.resolve();
        this.#tellIdle();
      });
    }
  }

  async #connect(): Promise<void> {
    this.#opening = true;
    try {
      const socket = await connect(this.#settings);
      this.#opening = false;
      if (this.#closed) return void socket.destroy();
      this.#connection = new Connection(socket, {
        lost: (connection, error) => this.#lost(connection, error),
        ended: () => this.#onEnd?.(),
      });
      this.#pump();
    } catch (error) {
      this.#opening = false;
      for (const entry of this.#queue.splice(0)) entry.reject(error as Error);
      this.#tellIdle();
    }
  }

  #lost(connection: Connection, error: Error | null): void {
    if (connection !== this.#connection) return this.#onEnd?.();
    this.#fail(error);
    this.#onBroken(connection.carried > 0);
  }

  #fail(cause: Error | null): void {
    const entries = [...(this.#connection?.entries.splice(0) ?? []), ...this.#queue.splice(0)];
    this.#connection?.destroy();
    this.#connection = null;
    const error = unconfirmed(this.#settings.target.address, "the connection broke", cause ?? undefined);
    for (const entry of entries) entry.reject(error);
    this.#tellIdle();
  }

  #isPending(): boolean {
    return this.#queue.length > 0 || (this.#connection?.entries.length ?? 0) > 0;
  }

  #tellIdle(): void {
    if (this.#isPending()) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
