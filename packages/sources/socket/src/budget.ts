import type { Connection } from "./connection.ts";

/** Below this part of the limit, connections that were kept waiting are read again. */
const RESUME_AT = 0.75;
/** What a socket may bring at once. */
const CHUNK = 65_536;

/** Limits on bytes in memory. */
export interface ByteLimits {
  /** Of records of one connection that wait for the pipeline. */
  readonly connection: number;
  /** Of everything that all connections hold, unfinished records included. */
  readonly total: number;
}

/** Bounds the bytes of all connections together, by not reading those that would bring more. */
export class Budget {
  readonly #limits: ByteLimits;
  readonly #sizes = new Map<Connection, number>();
  /** Connections that are not read, the one that has waited longest first. */
  readonly #waiting = new Set<Connection>();
  #bytes = 0;
  #resuming: NodeJS.Immediate | undefined;

  constructor(limits: ByteLimits) {
    this.#limits = limits;
  }

  /** Takes note of what a connection holds now; stops reading it, or reads others again. */
  update(connection: Connection): void {
    const size = connection.bytes;
    this.#bytes += size - (this.#sizes.get(connection) ?? 0);
    if (size === 0) this.#sizes.delete(connection);
    else this.#sizes.set(connection, size);
    if (connection.ended) this.#waiting.delete(connection);
    else if (this.#bytes > this.#limits.total || connection.pending >= this.#limits.connection)
      this.#keepWaiting(connection);
    if (this.#bytes > this.#limits.total) this.#makeRoom();
    else this.#resume();
  }

  close(): void {
    clearImmediate(this.#resuming);
  }

  #keepWaiting(connection: Connection): void {
    this.#waiting.add(connection);
    connection.pause();
  }

  /** Reads as many again as there is room for, and looks after others when these have brought what they have. */
  #resume(): void {
    let room = this.#limits.total * RESUME_AT - this.#bytes;
    let left = 0;
    for (const connection of this.#waiting) {
      if (connection.pending >= this.#limits.connection) continue;
      if (room <= 0) left++;
      else this.#release(connection);
      room -= CHUNK;
    }
    if (left > 0) this.#resuming ??= setImmediate(() => this.#resumeLater());
  }

  #resumeLater(): void {
    this.#resuming = undefined;
    if (this.#bytes <= this.#limits.total * RESUME_AT) this.#resume();
  }

  #release(connection: Connection): void {
    this.#waiting.delete(connection);
    connection.resume();
  }

  /**
   * When records that do not end take up the room, the longest is given up: it is the pipeline that would have to wait
   * for them, and everyone else behind it.
   */
  #makeRoom(): void {
    let longest: Connection | undefined;
    let unfinished = 0;
    for (const connection of this.#sizes.keys()) {
      unfinished += connection.unfinished;
      if (!longest || connection.unfinished > longest.unfinished) longest = connection;
    }
    if (longest && unfinished > this.#limits.total / 2) longest.cut();
  }
}
