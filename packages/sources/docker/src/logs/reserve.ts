import { compareMoments, type Moment, momentOf } from "../time.ts";
import type { LogConnection } from "./connection.ts";
import { Pace } from "./pace.ts";
import type { Rotation } from "./rotation.ts";

/** Of one log: together they keep files on the disk, deleted by rotation, of up to `MOST * SHARE` times the log's size. */
const MOST = 8;
/** So much of what a log can hold may be written before another connection is opened: the engine takes its time for it. */
const SHARE = 1 / 3;
/** Lines are out of order by a second at most, see `sinceOf`; and there may be none just before a connection is opened. */
const OVERLAP_MS = 1500;
const IDLE_MS = 5000;

/** How many such connections the logs of a source may still open. */
export interface Slots {
  free: number;
}

/**
 * The connections over which a log is read, one after the other. While the one being read is behind, others are opened and
 * wait for their turn, as each holds the files that rotation deletes before that, and as engines leave out files for a
 * connection that is behind by more than one (see `Passage`). So what a container writes faster than the engine tells it is
 * not lost, unless that goes on for too long.
 */
export class Reserve {
  readonly #rotation: Rotation;
  readonly #slots: Slots;
  readonly #open: (since: Moment) => Promise<LogConnection>;
  readonly #pace = new Pace();
  /** Null: it could not be opened. */
  readonly #waiting: Promise<LogConnection | null>[] = [];
  #reading: LogConnection | undefined;
  /** The one that was opened last. */
  #newest: LogConnection | undefined;
  #isOpening = false;
  /** Time of the last message that was read. */
  #reached = 0;
  /** Bytes that are written and not read, about. */
  #behind = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(rotation: Rotation, slots: Slots, open: (since: Moment) => Promise<LogConnection>) {
    this.#rotation = rotation;
    this.#slots = slots;
    this.#open = open;
  }

  /** The next connection; it has all lines from `since` on. Throws what `open` throws. */
  async next(since: Moment): Promise<LogConnection> {
    this.#reading = (await this.#nextWaiting(since)) ?? (await this.#open(since));
    if (this.#waiting.length === 0) this.#newest = this.#reading;
    return this.#reading;
  }

  async #nextWaiting(since: Moment): Promise<LogConnection | undefined> {
    for (let waiting = this.#waiting.shift(); waiting; waiting = this.#waiting.shift()) {
      this.#slots.free++;
      const connection = await waiting;
      if (connection && compareMoments(connection.since, since) <= 0) return connection;
      connection?.close();
    }
    return undefined;
  }

  /** Whether the next connection should take over now, as what follows over the one being read may be incomplete. */
  get takesOver(): boolean {
    return this.#waiting.length > 0 && this.#behind > this.#rotation.size / 4;
  }

  /**
   * Is told of each piece that was read.
   * @param reached time of its last message, in milliseconds since the epoch
   * @param now the same by the engine's clock
   * @param since where a connection would begin that is opened now
   */
  read(bytes: number, reached: number, now: number, since: () => Moment): void {
    this.#pace.add(reached, bytes);
    this.#reached = reached;
    this.#idle?.refresh();
    this.look(now, since);
    if (this.#reading && reached > this.#reading.opened && !this.takesOver) this.release();
  }

  /** Opens another connection where one is due: for a reader that waits for room. */
  look(now: number, since: () => Moment): void {
    const { size, files } = this.#rotation;
    if (!this.#newest || this.#reached === 0 || size === Number.POSITIVE_INFINITY) return;
    this.#behind = this.#pace.rate * (now - this.#reached);
    const written = this.#pace.rate * (now - this.#newest.opened);
    if (this.#behind > size / 2 && written > size * files * SHARE) this.#add(since());
  }

  #add(since: Moment): void {
    if (this.#isOpening || this.#waiting.length >= MOST || this.#slots.free <= 0) return;
    this.#isOpening = true;
    this.#slots.free--;
    const covered = momentOf((this.#newest as LogConnection).opened - OVERLAP_MS);
    const opening = this.#prepare(compareMoments(since, covered) > 0 ? since : covered);
    this.#waiting.push(opening);
    void opening.then((connection) => {
      this.#isOpening = false;
      if (connection && this.#waiting.includes(opening)) this.#newest = connection;
    });
    this.#idle ??= setTimeout(() => this.#whenIdle(), IDLE_MS).unref();
  }

  async #prepare(since: Moment): Promise<LogConnection | null> {
    try {
      return await this.#open(since);
    } catch {
      // Its turn may come or not: then another one is tried, and its error told.
      return null;
    }
  }

  /** When nothing more comes for so long, all is read: a reader that waits for room has something before it. */
  #whenIdle(): void {
    if (this.#reading?.body.readableLength === 0) this.release();
    else this.#idle?.refresh();
  }

  /** Closes those that wait. */
  release(): void {
    clearTimeout(this.#idle);
    this.#idle = undefined;
    for (const waiting of this.#waiting.splice(0)) {
      this.#slots.free++;
      void waiting.then((connection) => connection?.close());
    }
    this.#newest = this.#reading;
  }
}
