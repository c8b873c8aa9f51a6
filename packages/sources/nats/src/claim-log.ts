import { JetStreamApiCodes, JetStreamApiError, type StreamConfig, type StreamInfo } from "@nats-io/jetstream";
import { isMissing, type NatsLink } from "@sluice/nats";

/** Attempts to append while others append, too. */
const ATTEMPTS = 50;
/** Entries that are asked for at once. */
const AHEAD = 64;

/** What has been read of a log. */
export interface LogEntry {
  /** What its subject says behind the log's own. */
  readonly name: string;
  readonly body: string;
  /** Its number. */
  readonly at: number;
}

export interface ClaimLogOptions {
  readonly link: NatsLink;
  /** The stream whose messages are claimed, and the consumer that shares them out. */
  readonly stream: string;
  readonly consumer: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Is told everything in the order of the log, what this one has appended too. */
  readonly read: (entry: LogEntry) => void;
  /** Is told when everything was read that there was at a moment of the monotonic clock. */
  readonly current: (began: number) => void;
}

/**
 * A stream beside the stream, into which sluices write what others have to know. One may append only when it has read
 * everything before, so all see the same in the same order, whatever answers of the servers are late or out of date.
 */
export class ClaimLog {
  readonly #options: ClaimLogOptions;
  readonly name: string;
  readonly #subject: string;
  /** Number of the last entry that was read. */
  #last = 0;
  /** Number of the first one that is still there. */
  #first = 0;
  #created = "";
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ClaimLogOptions) {
    const { stream, consumer } = options;
    this.#options = options;
    this.name = `sluice-claims-${stream}-${consumer}`;
    this.#subject = `sluice.claims.${stream}.${consumer}`;
  }

  /** Makes it when it is missing: as durable as the stream whose messages are claimed, and for as long. */
  async ensure({ config }: StreamInfo): Promise<void> {
    const { streams } = await this.#options.link.manager();
    const { num_replicas, storage, max_age } = config;
    const wanted: Partial<StreamConfig> & { name: string } = {
      name: this.name,
      subjects: [`${this.#subject}.>`],
      max_msgs_per_subject: 1,
      num_replicas,
      storage,
      max_age,
    };
    const isThere = () => streams.info(this.name).then(() => true, isUnknown);
    if (await isThere()) return;
    try {
      await streams.add(wanted);
    } catch (error) {
      // Another sluice may have done the same at this moment.
      if (!(await isThere())) throw error;
    }
  }

  /** Reads what has been appended. Rejects when the servers do not answer, or not what hangs together. */
  catchUp(): Promise<void> {
    return this.#inTurn(() => this.#read());
  }

  /**
   * Appends, once everything before has been read.
   * @param mayStill asked when that is so, without anything in between; when it says no, nothing is appended
   * @returns whether it was appended
   */
  append(name: string, body: string, mayStill: () => boolean): Promise<boolean> {
    return this.#inTurn(async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        await this.#read();
        if (!mayStill()) return false;
        if (await this.#publish(name, body)) return true;
      }
      throw new Error("others append all the time");
    });
  }

  /** Removes entries before a number; the last one stays, so that what was read can be told from what was removed. */
  async removeBefore(at: number): Promise<void> {
    const seq = Math.min(at, this.#last);
    if (seq <= this.#first) return;
    const { streams } = await this.#options.link.manager();
    await streams.purge(this.name, { seq });
  }

  async #read(): Promise<void> {
    const { link, read, current } = this.#options;
    const began = performance.now();
    const { streams } = await link.manager();
    const { state, created } = await streams.info(this.name);
    const { first_seq: first, last_seq: last } = state;
    // Someone may have deleted it, and another sluice have made it anew.
    if (created !== this.#created) this.#last = 0;
    this.#created = created;
    this.#first = first;
    for (let next = Math.max(this.#last + 1, first); next <= last; next = this.#last + 1) {
      const numbers = Array.from({ length: Math.min(AHEAD, last - next + 1) }, (_, index) => next + index);
      // Each answer is the first entry from its number on, so what was removed in between cannot hide what was not.
      const query = (seq: number) => ({ seq, next_by_subj: `${this.#subject}.>` });
      const found = await Promise.all(numbers.map((seq) => streams.getMessage(this.name, query(seq))));
      for (const message of found) {
        if (!message) throw new Error("the claims have changed while they were read");
        if (message.seq <= this.#last) continue;
        this.#last = message.seq;
        read({ name: message.subject.slice(this.#subject.length + 1), body: message.string(), at: message.seq });
      }
    }
    this.#last = Math.max(this.#last, last);
    current(began);
  }

  async #publish(name: string, body: string): Promise<boolean> {
    const { link, timeout, read } = this.#options;
    const expect = { lastSequence: this.#last };
    try {
      const { seq } = await link.jetstream.publish(`${this.#subject}.${name}`, body, { expect, timeout });
      this.#last = seq;
      read({ name, body, at: seq });
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && OTHERS_WERE_FIRST.has(error.code)) return false;
      throw error;
    }
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

const OTHERS_WERE_FIRST: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

/** False when there is no such stream; throws every other error. */
function isUnknown(error: unknown): false {
  if (isMissing(error, "stream")) return false;
  throw error;
}
