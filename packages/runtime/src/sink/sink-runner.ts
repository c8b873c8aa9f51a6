import { setMaxListeners } from "node:events";
import { type EncodedBatch, errorText, type Logger, type Rejection, type Sink, type SinkCommon } from "@sluice/core";
import { EMPTY_PART, type PartResult } from "../acks/settlement.ts";
import { abortedFirst, backoffDelay, pause } from "../backoff.ts";
import type { DeadLetterFile } from "./dead-letter.ts";
import { frame } from "./frames.ts";
import { type Offer, OfferQueue } from "./offers.ts";

/** `retrying`: the last write failed, the next one waits for its pause to end. */
export type SinkState = "starting" | "idle" | "writing" | "retrying" | "closed";

/** Numbers of one sink in this run. */
export interface SinkSnapshot {
  readonly name: string;
  readonly state: SinkState;
  /** Events that came from the program. */
  readonly events: number;
  /** Encoded bytes that are queued or written and not settled. */
  readonly inFlightBytes: number;
  readonly openWrites: number;
  readonly writes: number;
  /** Writes that failed and were offered again. */
  readonly retries: number;
  readonly lastError: string | undefined;
  /** Milliseconds since the epoch. */
  readonly lastErrorAt: number | undefined;
}

export interface SinkRunnerOptions {
  readonly name: string;
  readonly sink: Sink;
  readonly common: SinkCommon;
  readonly overlapping: boolean;
  readonly deadLetter: DeadLetterFile | undefined;
  readonly log: Logger;
  /** Aborted at the drain deadline: what is in flight then stays unsettled. */
  readonly deadline: AbortSignal;
}

/** Bytes of a write that a sink with overlapping writes does not have to wait for more. */
const ENOUGH = 256 * 1024;
const NONE: ReadonlySet<number> = new Set();

/**
 * Delivers batches to one sink: gathers them into writes, keeps the bytes in flight below `buffer.size`, and offers a
 * failed write again with growing pauses, before any newer one.
 */
export class SinkRunner {
  readonly #options: SinkRunnerOptions;
  readonly #queue: OfferQueue;
  /** Failed offers, oldest first. */
  readonly #again: Offer[] = [];
  readonly #open = new Set<Offer>();
  #bytes = 0;
  #state: "starting" | "ready" | "retrying" | "closed" = "starting";
  #failures = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #room: (() => void)[] = [];
  #finished: (() => void) | undefined;
  /** `#writes` when `drain` was last called; -1 when it was not. */
  #drainedAt = -1;
  #draining = false;
  #events = 0;
  #writes = 0;
  #retries = 0;
  #lastError: string | undefined;
  #lastErrorAt: number | undefined;

  constructor(options: SinkRunnerOptions) {
    this.#options = options;
    this.#queue = new OfferQueue(options.common.batch, options.overlapping ? ENOUGH : Number.POSITIVE_INFINITY);
    setMaxListeners(0, options.deadline);
    options.deadline.addEventListener("abort", () => this.#stopTimers(), { once: true });
  }

  /** Opens the sink, trying again until it succeeds or the deadline passes. */
  async start(): Promise<void> {
    const { sink, log, deadline } = this.#options;
    while (!deadline.aborted) {
      try {
        await sink.start?.({ log, deadline });
        this.#state = "ready";
        this.#failures = 0;
        return this.#pump();
      } catch (error) {
        await pause(this.#noteFailure(error, "cannot start"), deadline);
      }
    }
  }

  /**
   * Takes a batch. Undefined when there is room for the next one, else a promise of it.
   * @param settle Called once, when the sink has all of the batch or never will; not after the deadline.
   */
  accept(batch: EncodedBatch | null, settle: (result: PartResult) => void): Promise<void> | undefined {
    if (!batch || batch.ends.length === 0) {
      settle(EMPTY_PART);
      return undefined;
    }
    this.#events += batch.ends.length;
    const { size, when_full: whenFull } = this.#options.common.buffer;
    if (whenFull !== "block" && !this.#makeRoom(batch.bytes.length)) {
      settle({ ...EMPTY_PART, dropped: { buffer_full: batch.ends.length } });
      return undefined;
    }
    this.#queue.push(batch, Date.now(), settle);
    this.#bytes += batch.bytes.length;
    const full = whenFull === "block" && this.#bytes >= size;
    const room = full ? new Promise<void>((resolve) => this.#room.push(resolve)) : undefined;
    this.#pump();
    return room;
  }

  /** No batch will follow: resolves when all are settled. Stays open after the deadline. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve;
      this.#pump();
    });
  }

  /** Releases the sink, giving it a second once the deadline has passed. */
  async close(): Promise<void> {
    this.#stopTimers();
    this.#state = "closed";
    const { sink, deadLetter, log } = this.#options;
    const closing = (async () => sink.close?.())().catch((error: unknown) => this.#logError(error, "cannot close"));
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), this.#options.deadline.aborted ? 1000 : 10_000);
    if (await abortedFirst(closing, limit.signal)) log.warn({ sink: this.#options.name }, "the sink did not close");
    clearTimeout(timer);
    if (!this.#options.deadline.aborted) await deadLetter?.close();
    else void deadLetter?.close().catch(() => undefined);
  }

  snapshot(): SinkSnapshot {
    const busy = this.#open.size > 0 ? "writing" : "idle";
    return {
      name: this.#options.name,
      state: this.#state === "ready" ? busy : this.#state,
      events: this.#events,
      inFlightBytes: this.#bytes,
      openWrites: this.#open.size,
      writes: this.#writes,
      retries: this.#retries,
      lastError: this.#lastError,
      lastErrorAt: this.#lastErrorAt,
    };
  }

  /** Starts as many writes as may be open now. */
  #pump(): void {
    if (this.#state !== "ready" || this.#options.deadline.aborted) return;
    while (this.#options.overlapping || this.#open.size === 0) {
      const offer = this.#again.shift() ?? this.#due();
      if (!offer) break;
      void this.#write(offer);
      // A write that failed at once has changed the state.
      if ((this.#state as string) !== "ready") return;
    }
    if (this.#finished && this.#queue.events === 0 && this.#again.length === 0) this.#end(this.#finished);
  }

  #due(): Offer | undefined {
    const hurry = this.#finished !== undefined || this.#room.length > 0;
    const wait = hurry ? 0 : this.#queue.dueIn(Date.now());
    if (wait <= 0) return this.#queue.take();
    if (wait !== Number.POSITIVE_INFINITY) {
      this.#ageTimer ??= setTimeout(() => {
        this.#ageTimer = undefined;
        this.#pump();
      }, wait);
    }
    return undefined;
  }

  async #write(offer: Offer): Promise<void> {
    this.#open.add(offer);
    this.#writes++;
    try {
      const result = await this.#options.sink.write(offer.batch, this.#options.deadline);
      await this.#delivered(offer, result?.rejected ?? []);
    } catch (error) {
      await this.#failed(offer, error);
    }
  }

  async #delivered(offer: Offer, rejected: readonly Rejection[]): Promise<void> {
    if (this.#options.deadline.aborted && rejected.length > 0) return;
    this.#failures = 0;
    if (rejected.length > 0) await this.#lose(offer, rejected);
    else this.#settle(offer, NONE, "");
  }

  async #failed(offer: Offer, error: unknown): Promise<void> {
    if (this.#options.deadline.aborted) return;
    const { attempts } = this.#options.common.retry;
    offer.failures++;
    if (attempts !== "unlimited" && offer.failures >= attempts) {
      this.#logError(error, `gave up after ${offer.failures} attempts`);
      const reason = errorText(error);
      return this.#lose(
        offer,
        Array.from(offer.batch.ends, (_, index) => ({ frame: index, reason })),
      );
    }
    this.#retries++;
    this.#open.delete(offer);
    const place = this.#again.findIndex((other) => other.seq > offer.seq);
    this.#again.splice(place < 0 ? this.#again.length : place, 0, offer);
    if (this.#state === "ready") this.#retryIn(this.#noteFailure(error, "write failed"));
  }

  #retryIn(ms: number): void {
    this.#state = "retrying";
    this.#retryTimer = setTimeout(() => {
      this.#state = "ready";
      this.#pump();
    }, ms);
  }

  /** Puts frames into the dead letter file, or counts them as lost without one; the rest of the offer is delivered. */
  async #lose(offer: Offer, rejected: readonly Rejection[]): Promise<void> {
    const { deadLetter, deadline, name, log } = this.#options;
    const frames = new Set(rejected.map((rejection) => rejection.frame));
    if (!deadLetter) {
      log.warn(
        { sink: name, code: "SLUICE_REJECTED", events: frames.size, reason: rejected[0]?.reason },
        "events lost",
      );
      return this.#settle(offer, frames, "delivery_failed");
    }
    const letters = rejected.map(({ frame: index, reason }) => ({ frame: frame(offer.batch, index), reason }));
    for (let failures = 1; ; failures++) {
      try {
        await deadLetter.append(letters);
        return this.#settle(offer, frames, "dead_letter");
      } catch (error) {
        this.#logError(error, "cannot write the dead letter file");
        await pause(backoffDelay(failures, this.#options.common.retry), deadline);
        if (deadline.aborted) return;
      }
    }
  }

  #settle(offer: Offer, lost: ReadonlySet<number>, reason: string): void {
    this.#open.delete(offer);
    this.#release(offer.batch.bytes.length);
    offer.settle(lost, reason);
    offer.release();
    this.#pump();
  }

  #release(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < this.#options.common.buffer.size) for (const resolve of this.#room.splice(0)) resolve();
  }

  /** Under a `drop_*` policy: whether there is room for `bytes`, dropping the oldest if that is the policy. */
  #makeRoom(bytes: number): boolean {
    const { size, when_full: whenFull } = this.#options.common.buffer;
    while (this.#bytes > 0 && this.#bytes + bytes > size) {
      if (whenFull !== "drop_oldest" || this.#queue.events === 0) return false;
      this.#bytes -= this.#queue.dropOldest("buffer_full");
    }
    return true;
  }

  /** Everything was offered: lets the sink confirm what is open, once a round of writes. */
  #end(finished: () => void): void {
    if (this.#draining) return;
    if (this.#drainedAt === this.#writes) {
      if (this.#open.size === 0) finished();
      return;
    }
    this.#drainedAt = this.#writes;
    this.#draining = true;
    void (async () => this.#options.sink.drain?.())()
      .catch((error: unknown) => {
        this.#drainedAt = -1;
        return pause(this.#noteFailure(error, "cannot drain"), this.#options.deadline);
      })
      .then(() => {
        this.#draining = false;
        this.#pump();
      });
  }

  /** Returns the pause before the next attempt, in milliseconds. */
  #noteFailure(error: unknown, what: string): number {
    this.#failures++;
    const wait = backoffDelay(this.#failures, this.#options.common.retry);
    this.#logError(error, what, { attempt: this.#failures, retryInMs: Math.round(wait) });
    return wait;
  }

  #logError(error: unknown, what: string, fields: object = {}): void {
    this.#lastError = errorText(error);
    this.#lastErrorAt = Date.now();
    const code = (error as { code?: unknown } | null)?.code;
    this.#options.log.warn({ sink: this.#options.name, code, error: this.#lastError, ...fields }, what);
  }

  #stopTimers(): void {
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#retryTimer);
  }
}
