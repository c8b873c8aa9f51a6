import { setMaxListeners } from "node:events";
import { type ClaimRequest, errorText, type Lease, OWN_ALONE, SluiceError, type SourceBatch } from "@sluice/core";
import type { SourceAcks } from "./acks/source-acks.ts";
import { abortedFirst, backoffDelay, pause } from "./backoff.ts";
import { Gate } from "./gate.ts";
import { ErrorCounts } from "./meters/error-counts.ts";
import { OpenWork } from "./meters/open-work.ts";
import { Waiting } from "./meters/waiting.ts";
import { rangeOf } from "./origin.ts";
import type { Outlet, SourceItem, SourceRunnerOptions, SourceRunState, SourceSnapshot } from "./source-types.ts";

const RESTART = { initial: 1000, max: 60_000 };
/** Failures after which a finite source is given up: its end is being waited for. */
const FINITE_ATTEMPTS = 5;
/** Milliseconds that a source may take to return once it was told to stop. */
const STOP_MS = 5000;
/** Milliseconds between hints to the sinks that somebody waits for them. */
const HURRY_MS = 1000;

/**
 * Runs one source and starts it again when it fails; other sources do not notice. Where its batches go may change while it
 * runs: what it emits in between waits.
 */
export class SourceRunner {
  readonly #options: SourceRunnerOptions;
  readonly #stop = new AbortController();
  readonly #deadline = new AbortController();
  readonly #gate = new Gate();
  #acks: SourceAcks;
  #state: SourceRunState = "waiting";
  #batches = 0;
  #bytes = 0;
  #restarts = 0;
  #lastError: string | undefined;
  #events = 0;
  readonly #errors = new ErrorCounts();
  #open = new OpenWork();
  readonly #waiting = new Waiting();
  readonly #failed = Promise.withResolvers<Error>();

  constructor(options: SourceRunnerOptions) {
    this.#options = options;
    this.#acks = options.acks;
    setMaxListeners(0, this.#stop.signal, this.#deadline.signal);
  }

  get name(): string {
    return this.#options.name;
  }

  get acks(): SourceAcks {
    return this.#acks;
  }

  /** Begins to enter batches anew: what is in flight is not waited for any more. */
  renew(acks: SourceAcks): void {
    this.#acks.close();
    this.#acks = acks;
    this.#open = new OpenWork();
  }

  /** Resolves with the error that ended the source's first attempt. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  connect(outlet: Outlet): void {
    this.#gate.open(outlet);
  }

  /** Lets go of the outlet; resolves when what was emitted so far is in it. */
  disconnect(): Promise<void> {
    return this.#gate.shut();
  }

  /** No more input is wanted. */
  stop(): void {
    this.#stop.abort();
  }

  /** What it has emitted is not waited for any more. */
  giveUp(): void {
    this.#deadline.abort();
    this.#gate.refuse(new SluiceError("SLUICE_DEADLINE", "the drain deadline has passed"));
  }

  /** Resolves when the source will emit no more. */
  async run(): Promise<void> {
    const running = this.#keepRunning();
    if (await abortedFirst(running, this.#stop.signal)) await this.#stopping(running);
    if (this.#state !== "failed") this.#state = "ended";
    this.#gate.end();
  }

  /** Lets the source take in what is on its way, then makes room for whatever it still holds. */
  async #stopping(running: Promise<void>): Promise<void> {
    const { source, log, name } = this.#options;
    const { lingers = 0 } = source;
    const { signal } = this.#deadline;
    const limits = Number.isFinite(lingers) ? [signal, AbortSignal.timeout(lingers)] : [signal];
    if (lingers > 0) await abortedFirst(running, AbortSignal.any(limits));
    this.#gate.release();
    if (await abortedFirst(running, AbortSignal.timeout(STOP_MS))) {
      log.warn({ source: name }, "the source did not stop in time");
    }
  }

  snapshot(): SourceSnapshot {
    return {
      name: this.name,
      state: this.#state,
      batches: this.#batches,
      bytes: this.#bytes,
      inFlightBatches: this.#acks.open(),
      restarts: this.#restarts,
      lastError: this.#lastError,
      events: this.#events,
      errors: this.#errors.snapshot(),
      backlog: this.#open.snapshot(),
      backpressureSeconds: this.#waiting.seconds,
      delivery: this.#open.took(),
    };
  }

  /** Tells sluices that share the source of a cut; see `Source.claim`. */
  claim(request: ClaimRequest): Promise<Lease | null> {
    return this.#options.source.claim?.(request) ?? Promise.resolve(OWN_ALONE);
  }

  /** Counts events that the program has made of a batch. */
  made(events: number): void {
    this.#events += events;
  }

  async #keepRunning(): Promise<void> {
    const { source, finite, state, log, lost } = this.#options;
    const stop = this.#stop.signal;
    const hurry = () => this.#gate.current?.hurry();
    for (let failures = 1; !stop.aborted; failures++) {
      try {
        this.#state = "running";
        const emit = (batch: SourceBatch) => this.#emit(batch);
        const inFlight = (key: string) => this.#acks.open(key);
        return await source.run({ emit, stop, finite, state, log, lost, inFlight, hurry });
      } catch (error) {
        if (stop.aborted) return;
        this.#failed.resolve(error as Error);
        if (finite && failures >= FINITE_ATTEMPTS) return this.#giveUp(error);
        await this.#beforeRestart(error, failures);
      }
    }
  }

  /** A source that starts again begins at its stored positions: what is in flight must be settled by then. */
  async #beforeRestart(error: unknown, failures: number): Promise<void> {
    const stop = this.#stop.signal;
    this.#state = "restarting";
    this.#restarts++;
    const wait = backoffDelay(failures, RESTART);
    this.#logError(error, "the source failed and will be started again", { retryInMs: Math.round(wait) });
    await pause(wait, stop);
    const hurrying = setInterval(() => this.#gate.current?.hurry(), HURRY_MS);
    await abortedFirst(this.#acks.idle(), stop);
    clearInterval(hurrying);
  }

  /** Lets the source tell its far end of what is settled. Comes once, after everything else. */
  async close(): Promise<void> {
    const { source, log } = this.#options;
    const closing = (async () => source.close?.())().catch((error: unknown) => {
      log.warn({ source: this.name, error: errorText(error) }, "the source could not be closed");
    });
    if (await abortedFirst(closing, AbortSignal.timeout(STOP_MS))) {
      log.warn({ source: this.name }, "the source did not close in time");
    }
  }

  #giveUp(error: unknown): void {
    this.#state = "failed";
    this.#logError(error, "the source failed for good", {});
  }

  #logError(error: unknown, message: string, fields: object): void {
    this.#lastError = errorText(error);
    this.#errors.note(error instanceof SluiceError ? error : { code: "SLUICE_SOURCE" });
    const code = error instanceof SluiceError ? error.code : "SLUICE_SOURCE";
    this.#options.log.error({ source: this.name, code, error: this.#lastError, ...fields }, message);
  }

  #emit(batch: SourceBatch): Promise<void> {
    return this.#gate.pass(async (outlet) => {
      for (const piece of outlet.boundaries.split(this.name, batch)) await this.#push(piece, outlet);
    });
  }

  async #push(batch: SourceBatch, outlet: Outlet): Promise<void> {
    if (this.#deadline.signal.aborted) throw new SluiceError("SLUICE_DEADLINE", "the drain deadline has passed");
    this.#batches++;
    this.#bytes += batch.data.length;
    const lane = this.#options.source.ordered ? this.name : `${this.name}\0${batch.streamKey}`;
    const now = batch.writtenBy ?? Date.now();
    const enter = this.#acks.track(batch, { streamId: batch.stream.id, to: rangeOf(batch)[1] });
    const arrived = this.#open.begin(0, batch.data.length);
    const settled: typeof enter = (result) => {
      arrived();
      enter(result);
    };
    const place = outlet.lanes.enter(lane);
    const item = { source: this.name, batch, now, settled, place };
    await this.#waiting.during(this.#handOn(item, lane, outlet));
  }

  async #handOn(item: SourceItem, lane: string, { stream, lanes }: Outlet): Promise<void> {
    await stream.push(item);
    // Waits after the batch was taken, as for the stream: a source that is to stop holds no batch of its own.
    const room = lanes.room(lane);
    if (room) await abortedFirst(room, this.#gate.released);
  }
}
