import { type EncodedBatch, errorText, LONGEST_TIMER_MS, type Rejection } from "@sluice/core";
import { EMPTY_PART, type PartResult } from "../acks/settlement.ts";
import { abortedFirst, backoffDelay, pause } from "../backoff.ts";
import { SinkMeter } from "../meters/sink-meter.ts";
import { Losses } from "./losses.ts";
import { type Offer, OfferQueue } from "./offers.ts";
import type { SinkRunnerOptions, SinkSnapshot } from "./sink-types.ts";
import { Trouble } from "./trouble.ts";

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
  readonly #trouble: Trouble;
  readonly #losses: Losses;
  readonly #meter = new SinkMeter();
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
  #retryAt = 0;

  constructor(options: SinkRunnerOptions) {
    const { name, log, common, deadLetter, deadline } = options;
    this.#options = options;
    this.#trouble = new Trouble(name, log);
    this.#losses = new Losses(deadLetter, this.#trouble, common.retry, deadline);
    this.#queue = new OfferQueue(common.batch, options.overlapping ? ENOUGH : undefined);
    deadline.addEventListener("abort", () => this.#stopTimers(), { once: true });
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
   * @param done Called once, when the sink has all of the batch or never will; not after the deadline.
   */
  accept(batch: EncodedBatch | null, done: (result: PartResult) => void): Promise<void> | undefined {
    if (!batch || batch.ends.length === 0) {
      done(EMPTY_PART);
      return undefined;
    }
    const settle = this.#meter.enter(batch, done);
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
    return room && this.#meter.backpressure(room);
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
    const { sink, name, log, deadline } = this.#options;
    const closing = (async () => sink.close?.())().catch((error: unknown) => this.#trouble.note(error, "cannot close"));
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), deadline.aborted ? 1000 : 10_000);
    if (await abortedFirst(closing, limit.signal)) log.warn({ sink: name }, "the sink did not close");
    clearTimeout(timer);
    await this.#losses.close();
  }

  snapshot(): SinkSnapshot {
    const busy = this.#open.size > 0 ? "writing" : "idle";
    return {
      name: this.#options.name,
      // Also while it tries: what counts is whether anything gets through.
      state: this.#state === "ready" ? (this.#failures > 0 ? "retrying" : busy) : this.#state,
      events: this.#events,
      inFlightBytes: this.#bytes,
      openWrites: this.#open.size,
      writes: this.#writes,
      retries: this.#retries,
      lastError: this.#trouble.last,
      lastErrorAt: this.#trouble.lastAt,
      retryAt: this.#retryAt > Date.now() ? this.#retryAt : undefined,
      errors: this.#trouble.counts,
      buffer: { type: "memory", bytes: this.#bytes, limit: this.#options.common.buffer.size },
      flow: this.#meter.snapshot(),
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
      this.#ageTimer ??= setTimeout(
        () => {
          this.#ageTimer = undefined;
          this.#pump();
        },
        Math.min(wait, LONGEST_TIMER_MS),
      );
    }
    return undefined;
  }

  async #write(offer: Offer): Promise<void> {
    this.#open.add(offer);
    this.#writes++;
    const began = performance.now();
    try {
      const result = await this.#options.sink.write(offer.batch, this.#options.deadline);
      this.#meter.wrote(began);
      await this.#delivered(offer, result?.rejected ?? []);
      if (result?.bytesUnused && !this.#open.has(offer)) offer.release();
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
      this.#trouble.note(error, `gave up after ${offer.failures} attempts`);
      const reason = errorText(error);
      const all = Array.from(offer.batch.ends, (_, frame) => ({ frame, reason }));
      return this.#lose(offer, all);
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

  async #lose(offer: Offer, rejected: readonly Rejection[]): Promise<void> {
    const reason = await this.#losses.enter(offer.batch, rejected);
    if (reason) this.#settle(offer, new Set(rejected.map((rejection) => rejection.frame)), reason);
  }

  #settle(offer: Offer, lost: ReadonlySet<number>, reason: string): void {
    this.#open.delete(offer);
    this.#release(offer.batch.bytes.length);
    offer.settle(lost, reason);
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
    this.#retryAt = Date.now() + wait;
    this.#trouble.note(error, what, { attempt: this.#failures, retryInMs: Math.round(wait) });
    return wait;
  }

  #stopTimers(): void {
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#retryTimer);
  }
}
