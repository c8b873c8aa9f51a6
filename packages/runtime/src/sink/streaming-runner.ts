import {
  type BatchOrigin,
  type ClaimRequest,
  type EncodedBatch,
  FLUSH,
  type JournalledCut,
  type Lease,
  type OfferedBatch,
  SluiceError,
  type StreamingSink,
} from "@sluice/core";
import { EMPTY_PART, type PartResult } from "../acks/settlement.ts";
import { abortedFirst } from "../backoff.ts";
import { free } from "../memory.ts";
import { SinkMeter } from "../meters/sink-meter.ts";
import type { Journal } from "../state/journal.ts";
import { Persistence } from "./persistence.ts";
import type { SinkRunnerOptions, SinkSnapshot } from "./sink-types.ts";
import { Trouble } from "./trouble.ts";

/** Runs a sink that takes batches when it has room for them and settles them when it has stored them. */
export interface StreamingRunnerOptions extends Omit<SinkRunnerOptions, "sink" | "overlapping" | "deadLetter"> {
  readonly sink: StreamingSink;
  readonly journal: Journal;
  readonly claim: (request: ClaimRequest) => Promise<Lease | null>;
  readonly stop: AbortSignal;
}

/** Bytes that wait for a streaming sink at most: gathering is its own, and more would only lie there. */
const WAITING = 1024 * 1024;
const EMPTY: EncodedBatch = { bytes: new Uint8Array(0), ends: new Uint32Array(0) };

/** Feeds one streaming sink: keeps the bytes that wait for it below `buffer.size`, and settles what it has stored. */
export class StreamingRunner {
  readonly #options: StreamingRunnerOptions;
  readonly #persistence: Persistence;
  readonly #statePersistence: Persistence;
  readonly #claimPersistence: Persistence;
  readonly #trouble: Trouble;
  readonly #meter = new SinkMeter();
  readonly #queue: (OfferedBatch | typeof FLUSH)[] = [];
  #state: "starting" | "ready" | "closed" = "starting";
  #waiting: (() => void) | undefined;
  #room: (() => void)[] = [];
  readonly #limit: number;
  #bytes = 0;
  #events = 0;
  #open = 0;
  #settled = 0;
  #finishing = false;
  readonly #running = Promise.withResolvers<void>();

  constructor(options: StreamingRunnerOptions) {
    const { name, log, common, deadline } = options;
    this.#options = options;
    this.#limit = Math.min(common.buffer.size, WAITING);
    this.#trouble = new Trouble(name, log);
    const persistence = () => new Persistence(name, common.retry, this.#trouble, log, deadline);
    this.#persistence = persistence();
    this.#statePersistence = persistence();
    this.#claimPersistence = persistence();
    this.#running.promise.catch(() => undefined);
  }

  /** Resolves when the sink has taken everything; rejects when it has lost what it had taken. */
  get ended(): Promise<void> {
    return this.#running.promise;
  }

  get journal(): Journal {
    return this.#options.journal;
  }

  async start(): Promise<void> {
    const { sink, log, stop, deadline, journal: state } = this.#options;
    this.#state = "ready";
    const persist = <T>(what: string, action: () => Promise<T>) => this.#persistence.persist(what, action);
    const persistState = (what: string, change: () => void) =>
      this.#statePersistence.persist(what, async () => change());
    const claim = (cut: JournalledCut, late: number) => this.#claim(cut, late);
    try {
      await sink.run(this.#batches(), { log, stop, deadline, state, persist, persistState, claim });
      if (!this.#finishing) throw new SluiceError("SLUICE_WORKER", `sink ${this.#options.name} ended by itself`);
      this.#running.resolve();
    } catch (error) {
      // After the deadline the pipeline ends anyhow, and says so.
      if (!deadline.aborted) this.#running.reject(error);
    }
  }

  /** Takes a batch, also one without frames. Undefined when there is room for the next one, else a promise of it. */
  accept(
    batch: EncodedBatch | null,
    done: (result: PartResult) => void,
    origin: BatchOrigin,
  ): Promise<void> | undefined {
    const settle = batch ? this.#meter.enter(batch, done) : done;
    const offered = this.#offered(batch ?? EMPTY, settle, origin);
    this.#events += offered.ends.length;
    this.#bytes += offered.bytes.length;
    this.#open++;
    this.#push(offered);
    if (this.#bytes < this.#limit) return undefined;
    return this.#meter.backpressure(new Promise((resolve) => this.#room.push(resolve)));
  }

  /** Asks the sink to finish what it has open. */
  flush(): void {
    if (this.#queue.at(-1) !== FLUSH) this.#push(FLUSH);
  }

  /** No batch will follow: resolves when the sink has done what it can. */
  finish(): Promise<void> {
    this.#finishing = true;
    this.#waiting?.();
    return this.#running.promise;
  }

  /** Releases the sink, giving it a second once the deadline has passed. */
  async close(): Promise<void> {
    this.#state = "closed";
    const { sink, name, log } = this.#options;
    const closing = (async () => sink.close?.())().catch((error: unknown) => this.#trouble.note(error, "cannot close"));
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), 1000);
    if (await abortedFirst(closing, limit.signal)) log.warn({ sink: name }, "the sink did not close");
    clearTimeout(timer);
  }

  snapshot(): SinkSnapshot {
    const { retries } = this.#persistence;
    const failing = this.#persistence.failing || this.#claimPersistence.failing;
    const busy = failing ? "retrying" : this.#open > 0 ? "writing" : "idle";
    return {
      name: this.#options.name,
      state: this.#state === "ready" ? busy : this.#state,
      events: this.#events,
      inFlightBytes: this.#bytes,
      openWrites: this.#open,
      writes: this.#settled,
      retries,
      lastError: this.#trouble.last,
      lastErrorAt: this.#trouble.lastAt,
      retryAt: this.#persistence.retryAt,
      errors: this.#trouble.counts,
      buffer: { type: "memory", bytes: this.#bytes, limit: this.#limit },
      flow: this.#meter.snapshot(),
    };
  }

  #claim(cut: JournalledCut, late: number): Promise<Lease | null> {
    const { name: sink, claim } = this.#options;
    return this.#claimPersistence.persist("cannot claim what is about to be stored", () => claim({ sink, cut, late }));
  }

  #push(item: OfferedBatch | typeof FLUSH): void {
    this.#queue.push(item);
    this.#waiting?.();
  }

  async *#batches(): AsyncGenerator<OfferedBatch | typeof FLUSH, undefined> {
    for (;;) {
      for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) yield item;
      if (this.#finishing) return undefined;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  #offered(batch: EncodedBatch, settle: (result: PartResult) => void, origin: BatchOrigin): OfferedBatch {
    const { claims, ...rest } = origin;
    const own = claims?.filter(({ sink }) => sink === this.#options.name);
    return new Offered(batch, own ? { ...rest, claims: own } : rest, {
      released: (bytes) => this.#release(bytes),
      settled: (result) => {
        this.#open--;
        this.#settled++;
        settle(result);
      },
    });
  }

  #release(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < this.#limit) for (const resolve of this.#room.splice(0)) resolve();
  }
}

interface OfferedHooks {
  readonly released: (bytes: number) => void;
  readonly settled: (result: PartResult) => void;
}

/** A batch that may wait long to be settled: once its frames are read it holds none of their memory. */
class Offered implements OfferedBatch {
  bytes;
  ends;
  readonly origin: BatchOrigin;
  readonly #hooks: OfferedHooks;
  readonly #result: PartResult;

  constructor({ bytes, ends }: EncodedBatch, origin: BatchOrigin, hooks: OfferedHooks) {
    this.bytes = bytes;
    this.ends = ends;
    this.origin = origin;
    this.#hooks = hooks;
    this.#result =
      ends.length === 0 ? EMPTY_PART : { delivered: ends.length, deliveredBytes: bytes.length, dropped: {} };
  }

  readonly release = (): void => {
    const { bytes } = this;
    const size = bytes.length;
    ({ bytes: this.bytes, ends: this.ends } = EMPTY);
    if (bytes !== EMPTY.bytes) free(bytes.buffer);
    this.#hooks.released(size);
  };

  readonly settle = (): void => this.#hooks.settled(this.#result);
}

/** The cuts of all streaming sinks. */
export function cutsOf(runners: readonly StreamingRunner[]): readonly JournalledCut[] {
  return runners.flatMap(({ journal }) => journal.cuts());
}
