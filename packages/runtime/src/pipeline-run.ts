import { type ClaimRequest, LONGEST_TIMER_MS, SluiceError } from "@sluice/core";
import type { SourceAcks } from "./acks/source-acks.ts";
import { pause } from "./backoff.ts";
import { Books } from "./books.ts";
import { Flow } from "./flow.ts";
import { giveUpRest } from "./given-up.ts";
import type { PipelineOptions, PipelineResult, PipelineSnapshot } from "./pipeline-options.ts";
import { problemOf } from "./problem.ts";
import { bePatient, betweenFlows, type Change, type Prepared } from "./replacement.ts";
import { SourceSet } from "./source-set.ts";
import { MADE } from "./ticker.ts";
import type { ProgramRunner } from "./workers/runner.ts";

/** Milliseconds in which a source that cannot work at all fails, e.g. because its port is taken. */
const SETTLE_MS = 500;
/** Milliseconds between attempts to store, while the state cannot be written. */
const STORE_AGAIN_MS = 200;

/** A running pipeline. Made by `runPipeline`. */
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
    expect(options);
    this.#books = new Books(state, spec.name);
    this.#sources = new SourceSet({
      log,
      finite,
      acks: (source) => this.#acksOf(source),
      state: (source) => state.source(spec.name, source),
      lost: (source, reason, records) => this.#books.lost(source, reason, records),
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
      this.#timer = setTimeout(giveUp, Math.min(deadline, LONGEST_TIMER_MS));
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
    await this.#opening.catch(() => undefined);
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
    const { log, spec } = this.#options;
    await this.#sources.remove(
      giveUpRest(keep, { sources: this.#sources, books: this.#books, log, pipeline: spec.name }),
    );
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
    expect(options);
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
      sinks: this.#change ? sinks.map(betweenFlows) : sinks,
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
      const problem = problemOf(error, flow.gaveUp, this.#open());
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
    for (const part of [...this.#sources.acks(), this.#made, this.#books]) part.close();
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

  #logProblem({ code, message: error, hint }: SluiceError): void {
    if (code === "SLUICE_DEADLINE") return;
    const { log, spec } = this.#options;
    log.error({ pipeline: spec.name, code, error, hint }, "the pipeline broke while it was replaced");
  }

  #makeFlow(options: PipelineOptions, program: ProgramRunner, batch: number): Flow {
    const counted = (source: string, events: number) => this.#sources.counted(source, events);
    const claim = (request: ClaimRequest) => this.#sources.claim(request);
    return new Flow({ options, program, books: this.#books, counted, claim, made: this.#made, batch });
  }

  #acksOf(source: string): SourceAcks {
    return this.#books.acks(source, () => this.#flow.sinks);
  }

  #open(): number {
    return this.#sources.acks().reduce((sum, acks) => sum + acks.open(), this.#made.open());
  }
}

/** Tells the state which components there are, before anything is asked for them. */
function expect({ spec, state, sources, sinks }: PipelineOptions): void {
  state.expect(spec.name, [...sources.map(({ name }) => name), ...sinks.map((sink) => sink.spec.name)]);
}
