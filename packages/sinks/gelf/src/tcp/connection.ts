import type { Socket } from "node:net";

/** A batch on its way: bytes to send and what to tell when it is settled. */
export interface Entry {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface ConnectionEvents {
  /** The peer closed or broke the connection before we closed our side, or broke it after. */
  lost(connection: Connection, error: Error | null): void;
  /** We closed our side, and the peer then its own, without an error. */
  ended(connection: Connection): void;
}

/** One socket and the batches it carries. It reads nothing that the peer sends. */
export class Connection {
  readonly entries: Entry[] = [];
  /** Bytes given to it so far. */
  carried = 0;
  /** When it was given its first bytes, in milliseconds of the monotonic clock. */
  firstAt = 0;
  /** When all bytes and our FIN were handed to the kernel, in milliseconds of the monotonic clock; 0 before. */
  finishedAt = 0;
  #closing = false;
  #done = false;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("error", (error) => this.#lose(error));
    socket.on("end", () => (this.finishedAt > 0 ? this.#ended() : this.#lose(null)));
    socket.on("close", () => this.#lose(null));
    socket.resume();
  }

  /** Bytes that the kernel has taken. */
  get sent(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /**
   * Takes over a batch.
   * @param onTaken called once the kernel has it
   */
  send(entry: Entry, onTaken?: () => void): void {
    if (this.carried === 0) this.firstAt = performance.now();
    this.carried += entry.bytes.length;
    this.entries.push(entry);
    this.#socket.write(entry.bytes, (error) => {
      if (!error) onTaken?.();
    });
  }

  /** Closes our side after the last complete frame. */
  end(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.end(() => {
      this.finishedAt = performance.now();
    });
  }

  /** Drops the connection; no event follows. */
  destroy(): void {
    this.#done = true;
    this.#socket.destroy();
  }

  #ended(): void {
    if (this.#done) return;
    this.destroy();
    this.#events.ended(this);
  }

  #lose(error: Error | null): void {
    if (this.#done) return;
    this.destroy();
    this.#events.lost(this, error);
  }
}
