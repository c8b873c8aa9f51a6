import { SluiceError } from "@sluice/core";
import { SourceAcks } from "./acks/source-acks.ts";
import { pause } from "./backoff.ts";
import { Books } from "./books.ts";
import { Flow } from "./flow.ts";
import { checkOptions, type PipelineOptions, type PipelineResult, type PipelineSnapshot } from "./pipeline-options.ts";
import { bePatient, type Change, type Prepared, startReplacement } from "./replacement.ts";
import type { SinkSnapshot } from "./sink/sink-types.ts";
import { SourceSet } from "./source-set.ts";
import { newLedger } from "./state/ledger.ts";
import { MADE } from "./ticker.ts";
import type { ProgramRunner } from "./workers/runner.ts";
import { startProgram } from "./workers/start.ts";

/** Milliseconds in which a source that cannot work at all fails, e.g. because its port is taken. */
const SETTLE_MS = 500;
/** Milliseconds between attempts to store, while the state cannot be written. */
const STORE_AGAIN_MS = 200;

/** A running pipeline. Made by {@link runPipeline}. */
export class PipelineRun {
  #options: PipelineOptions;
  readonly #books: Books;
  readonly #sources: SourceSet;
  /** Acknowledgements of what steps make when no event comes. */
  #made: SourceAcks;
  #flow: Flow;
  readonly #opening: Promise<void>;
  /** Set while what is behind the sources is replaced. */
  #change: Change | undefined;
  #isStopping = false;
  #isEnding = false;
  #gaveUp = false;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when the run has ended and everything is released; it never rejects. */
  readonly done: Promise<PipelineResult>;

  constructor(options: PipelineOptions, program: ProgramRunner) {
    const { state, spec, log, finite } = options;
    this.#options = options;
    this.#books = new Books(state.ledger(spec.name));
    state.onResolved(spec.name, (change) => this.#books.enter(change));
    this.#sources = new SourceSet({
      log,
      finite,
      acks: (source) => this.#acksOf(source),
      state: (source) => state.source(spec.name, source),
      lost: (source, reason, records) => this.#lost(source, reason, records),
    });
    this.#made = this.#acksOf(MADE);
    this.#flow = this.#makeFlow(options, program, 0);
    this.#opening = this.#flow.open();
    this.done = this.#live(this.#begin(this.#opening));
  }

  /**
   * Stops the sources and drains. Without a deadline it waits as long as the sinks take; a second call may set one.
   * @param deadline Milliseconds, or a signal, after which what is in flight is given up.
   */
  stop(deadline?: number | AbortSignal): Promise<PipelineResult> {
    const giveUp = () => this.#giveUp();
    this.#isStopping = true;
    if (!this.#change) this.#stopInput();
    if (typeof deadline === "number") {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(giveUp, deadline);
    } else if (deadline?.aborted) giveUp();
    else deadline?.addEventListener("abort", giveUp, { once: true });
    return this.done;
  }

  /**
   * First half of a change: drains program and sinks, and ends the sources that are not to be kept. The others keep their
   * files and connections, and wait. Resolves to false when the run has ended, or is to end.
   * @param keep names of sources that are the same after the change
   * @param deadline milliseconds after which what is in flight is given up: it is read again, where that is possible
   */
  async retire(keep: ReadonlySet<string>, deadline: number): Promise<boolean> {
    if (this.#isStopping || this.#isEnding || this.#change) return false;
    const retired = Promise.withResolvers<void>();
    const next = Promise.withResolvers<{ readonly flowing: Promise<SluiceError | undefined> }>();
    this.#change = { retired: retired.resolve, next: next.promise, go: next.resolve };
    const flow = this.#flow;
    const giveUp = () => {
      flow.giveUp();
      this.#sources.hasten(keep);
    };
    const endPatience = bePatient({ deadline, giveUp, isHopeless: () => this.#comesAgain() && flow.sinks.isStuck() });
    this.#sources.dismiss(keep);
    flow.retire();
    await this.#sources.hold(keep);
    await retired.promise;
    endPatience();
    await this.#sources.remove(this.#giveUpRest(keep));
    return true;
  }

  /**
   * Second half: goes on with the new program and sinks, from where the old ones came to. Rejects when that does not work;
   * then it is called again, after {@link retire} if that does not resolve to false, or {@link abandon} is.
   */
  async resume(prepared: Prepared): Promise<void> {
    const { options } = prepared;
    const change = this.#change;
    if (!change) throw new SluiceError("SLUICE_WORKER", `pipeline ${options.spec.name} was not retired`);
    await this.#stored(options);
    this.#made.close();
    this.#made = this.#acksOf(MADE);
    const flow = this.#makeFlow(options, await prepared.program(), this.#flow.batch);
    try {
      await flow.open();
    } catch (error) {
      await flow.close();
      throw error;
    }
    this.#options = options;
    this.#flow = flow;
    this.#change = undefined;
    change.go({ flowing: this.#begin() });
    if (this.#isStopping) return;
    const failure = await this.#sources.firstFailure(SETTLE_MS);
    if (failure) throw failure;
  }

  /** Instead of the second half: the run ends. */
  abandon(problem: SluiceError): void {
    const change = this.#change;
    this.#change = undefined;
    change?.go({ flowing: Promise.resolve(problem) });
  }

  /** Resolves to the error of a source that cannot work at all, or to undefined when all have begun. */
  async settledIn(): Promise<Error | undefined> {
    await this.#opening.catch(() => undefined);
    return this.#sources.firstFailure(SETTLE_MS);
  }

  snapshot(): PipelineSnapshot {
    const sinks = this.#flow.sinks.snapshots();
    return {
      name: this.#options.spec.name,
      ...this.#books.snapshot(),
      openBatches: this.#open(),
      sources: this.#sources.snapshots(),
      // Between two flows nothing is closed for good.
      sinks: this.#change ? sinks.map(notClosed) : sinks,
      workers: this.#flow.program.snapshot(),
    };
  }

  /** Lets everything flow, in the turn of the event loop in which it is called. */
  async #begin(opened?: Promise<void>): Promise<SluiceError | undefined> {
    const flow = this.#flow;
    try {
      if (opened) await opened;
      const flowing = flow.run();
      this.#sources.connect(this.#options.sources, (source) => flow.outlet(source));
      if (this.#gaveUp) this.#giveUp();
      if (this.#isStopping) this.#stopInput();
      await flowing;
      return undefined;
    } catch (error) {
      const problem = this.#problem(error);
      // A broken pipeline must not leave its sinks waiting.
      if (problem) flow.giveUp();
      return problem;
    }
  }

  async #live(first: Promise<SluiceError | undefined>): Promise<PipelineResult> {
    for (let flowing = first; ; ) {
      const problem = await flowing;
      const change = this.#change;
      if (!change) return this.#end(problem);
      if (problem) this.#logProblem(problem);
      await this.#flow.close();
      change.retired();
      ({ flowing } = await change.next);
    }
  }

  async #end(problem: SluiceError | undefined): Promise<PipelineResult> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    // A broken pipeline must not leave its sources running.
    this.#stopInput();
    if (problem) this.#giveUp();
    else this.#giveBack();
    await Promise.all([this.#sources.close(), this.#flow.close()]);
    for (const acks of [...this.#sources.acks(), this.#made]) acks.close();
    return this.#result(problem);
  }

  #stopInput(): void {
    this.#flow.stop();
    this.#sources.stop();
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#flow.giveUp();
    this.#sources.giveUp();
  }

  /** All sinks have ended: what they did not settle they could not store before the stop, and it is read again. */
  #giveBack(): void {
    const events = this.#books.inFlight();
    if (events === 0) return;
    const { log, spec } = this.#options;
    log.info(
      { pipeline: spec.name, events },
      "these events are read again at the next start, where their source can be read again",
    );
    for (const source of [...this.#sources.names(), MADE]) this.#books.giveUp(source);
  }

  /** What is open is read again, or comes again from its far end, when the sources are started again. */
  #comesAgain(): boolean {
    return this.#sources.acks().every((acks) => acks.open() === 0 || acks.opened().comesAgain);
  }

  /**
   * The sinks have ended: what they did not settle is given up. Returns the sources that may be kept even so; the others
   * have to begin at their positions.
   */
  #giveUpRest(keep: ReadonlySet<string>): ReadonlySet<string> {
    const { log, spec } = this.#options;
    const kept = new Set(keep);
    for (const { name, acks } of this.#sources.runners()) {
      const { batches, comesAgain } = acks.opened();
      if (batches === 0) continue;
      const events = this.#books.giveUp(name);
      const fate = comesAgain ? "is read again" : "is lost: its source cannot be read again";
      const about = { pipeline: spec.name, source: name, batches, events };
      log.warn(about, `the old sinks did not take everything in time; what was in flight ${fate}`);
      if (comesAgain) kept.delete(name);
      else {
        this.#sources.renew(name);
        this.#lost(name, "given_up", events);
      }
    }
    return kept;
  }

  /** Stores what was settled: new sinks read in the state what the old ones have left. */
  async #stored({ state }: PipelineOptions): Promise<void> {
    for (;;) {
      try {
        return state.flush();
      } catch (error) {
        if (this.#gaveUp) throw error;
        await pause(STORE_AGAIN_MS);
      }
    }
  }

  #result(flowProblem: SluiceError | undefined): PipelineResult {
    let problem = flowProblem;
    try {
      this.#options.state.flush();
    } catch (stateError) {
      problem ??= stateError as SluiceError;
    }
    const snapshot = this.snapshot();
    const failed = snapshot.sources.some((source) => source.state === "failed");
    return { ok: problem === undefined && !failed, error: problem, snapshot };
  }

  /** Undefined when the deadline passed and everything is settled: the rest is in disk buffers. */
  #problem(error: unknown): SluiceError | undefined {
    if (error instanceof SluiceError) return error;
    if (this.#flow.gaveUp) {
      const open = this.#open();
      if (open === 0) return undefined;
      return new SluiceError("SLUICE_DEADLINE", `the drain deadline passed with ${open} batches undelivered`, {
        hint: "they are read again at the next start, where their source can be read again",
      });
    }
    return new SluiceError("SLUICE_WORKER", `the pipeline broke: ${String(error)}`, { cause: error });
  }

  #logProblem({ code, message: error, hint }: SluiceError): void {
    if (code === "SLUICE_DEADLINE") return;
    const { log, spec } = this.#options;
    log.error({ pipeline: spec.name, code, error, hint }, "the pipeline broke while it was replaced");
  }

  #makeFlow(options: PipelineOptions, program: ProgramRunner, batch: number): Flow {
    return new Flow({ options, program, books: this.#books, made: this.#made, batch });
  }

  #acksOf(name: string): SourceAcks {
    const { spec, state } = this.#options;
    return new SourceAcks(({ streamKey, position, ledger, changes, held, reach: { streamId, to } }) => {
      const { sinks } = this.#flow;
      this.#books.settled(name, ledger);
      state.commit({ pipeline: spec.name, source: name, streamKey, position, ledger, changes, held });
      if (position !== undefined) sinks.positionCommitted(name, streamId, to);
      for (const { sink, seq } of held?.parts ?? []) sinks.recordCommitted(sink, seq);
    });
  }

  #open(): number {
    return this.#sources.acks().reduce((sum, acks) => sum + acks.open(), this.#made.open());
  }

  /** Records that never became events have their place in the books all the same. */
  #lost(source: string, reason: string, records: number): void {
    if (records === 0) return;
    const { spec, state } = this.#options;
    const ledger = { ...newLedger(), in: records, dropped: { [reason]: records } };
    this.#books.enter(ledger);
    state.commit({ pipeline: spec.name, source, streamKey: "", position: undefined, ledger });
  }
}

function notClosed(sink: SinkSnapshot): SinkSnapshot {
  return sink.state === "closed" ? { ...sink, state: "starting" } : sink;
}

/**
 * Compiles the program of a pipeline. Rejects when it does not compile or the options cannot work. Close what is not
 * used.
 */
export async function preparePipeline(options: PipelineOptions): Promise<Prepared> {
  checkOptions(options);
  const start = () => startProgram(options, options.state.memories(options.spec.name));
  return startReplacement(options, await start(), start);
}

/** Starts a pipeline that is prepared. What goes wrong is in the result. */
export async function startPrepared(prepared: Prepared): Promise<PipelineRun> {
  return new PipelineRun(prepared.options, await prepared.program());
}

/**
 * Starts a pipeline: compiles its program, opens its sinks, runs its sources. Rejects when the program does not
 * compile or the options cannot work; everything later is in the result.
 */
export async function runPipeline(options: PipelineOptions): Promise<PipelineRun> {
  checkOptions(options);
  return new PipelineRun(options, await startProgram(options, options.state.memories(options.spec.name)));
}
