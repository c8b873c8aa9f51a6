import { setMaxListeners } from "node:events";
import { resolve } from "node:path";
import {
  type BatchOrigin,
  newTally,
  type ProgramInput,
  type ProgramOutput,
  SluiceError,
  type SourceBatch,
} from "@sluice/core";
import { Settlement } from "./acks/settlement.ts";
import { SourceAcks } from "./acks/source-acks.ts";
import { abortedFirst } from "./backoff.ts";
import { Boundaries } from "./boundaries.ts";
import { Lanes } from "./lanes.ts";
import { Histogram } from "./meters/histogram.ts";
import { originOf } from "./origin.ts";
import {
  checkOptions,
  type PipelineOptions,
  type PipelineResult,
  type PipelineSink,
  type PipelineSnapshot,
  type PipelineSource,
} from "./pipeline-options.ts";
import type { Routed } from "./routed.ts";
import { DeadLetterFile } from "./sink/dead-letter.ts";
import { unshared } from "./sink/frames.ts";
import { SinkRunner } from "./sink/sink-runner.ts";
import { cutsOf, StreamingRunner } from "./sink/streaming-runner.ts";
import { type SourceItem, SourceRunner } from "./source-runner.ts";
import { addCounts, addLedger, type Ledger, newLedger } from "./state/ledger.ts";
import { join, type LastSource, programStream, sinkStream, sourceStream } from "./streams.ts";
import { MADE, Ticker } from "./ticker.ts";
import type { ProgramRunner } from "./workers/runner.ts";
import { startProgram } from "./workers/start.ts";

/** Batches of one stream that may wait between its source and the program; two fill the queues there. */
const QUEUED = 2;

const madeOrigin = (now: number): BatchOrigin => ({
  source: MADE,
  streamKey: MADE,
  streamId: MADE,
  from: now,
  to: now + 1,
  now,
});

const NO_RECORDS = { streamKey: MADE, stream: { id: MADE, fields: {} }, data: new Uint8Array(0) };

/** A running pipeline. Made by {@link runPipeline}. */
export class PipelineRun {
  readonly #options: PipelineOptions;
  readonly #program: ProgramRunner;
  readonly #stop = new AbortController();
  readonly #deadline = new AbortController();
  readonly #sources: SourceRunner[] = [];
  readonly #acks: SourceAcks[] = [];
  readonly #sinks: (SinkRunner | StreamingRunner)[];
  readonly #streaming: StreamingRunner[];
  readonly #boundaries: Boundaries;
  readonly #lanes: Lanes<Routed>;
  readonly #run = newLedger();
  readonly #before: Ledger;
  readonly #batches = new Histogram();
  readonly #steps = { in: 0, kept: 0, dropped: {} as Record<string, number> };
  #buffered = 0;
  /** The result is made: what a sink confirms after this is not entered any more. */
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  #ticker: Ticker | undefined;
  /** Resolves when the run has ended and everything is released; it never rejects. */
  readonly done: Promise<PipelineResult>;

  constructor(options: PipelineOptions, program: ProgramRunner) {
    this.#options = options;
    this.#program = program;
    this.#lanes = new Lanes(program.limit + QUEUED);
    this.#before = options.state.ledger(options.spec.name);
    setMaxListeners(0, this.#stop.signal, this.#deadline.signal);
    this.#sinks = options.sinks.map((sink) => this.#runnerOf(sink));
    this.#streaming = this.#sinks.filter((runner) => runner instanceof StreamingRunner);
    this.#boundaries = new Boundaries(cutsOf(this.#streaming));
    this.done = this.#live();
  }

  /**
   * Stops the sources and drains. Without a deadline it waits as long as the sinks take; a second call may set one.
   * @param deadline Milliseconds, or a signal, after which what is in flight is given up.
   */
  stop(deadline?: number | AbortSignal): Promise<PipelineResult> {
    const giveUp = () => this.#deadline.abort();
    this.#stop.abort();
    if (typeof deadline === "number") {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(giveUp, deadline);
    } else if (deadline?.aborted) giveUp();
    else deadline?.addEventListener("abort", giveUp, { once: true });
    return this.done;
  }

  snapshot(): PipelineSnapshot {
    const total = newLedger();
    const ledger = newLedger();
    addLedger(ledger, this.#run);
    addLedger(total, this.#before);
    addLedger(total, this.#run);
    return {
      name: this.#options.spec.name,
      ledger,
      total,
      buffered: this.#buffered,
      openBatches: this.#acks.reduce((sum, acks) => sum + acks.open(), 0),
      sources: this.#sources.map((source) => source.snapshot()),
      sinks: this.#sinks.map((sink) => sink.snapshot()),
      workers: this.#program.snapshot(),
      steps: { ...this.#steps, dropped: { ...this.#steps.dropped } },
      program: this.#batches.snapshot(),
    };
  }

  async #live(): Promise<PipelineResult> {
    const problem = await this.#flow().then(
      () => undefined,
      (error: unknown) => this.#problem(error),
    );
    clearTimeout(this.#timer);
    this.#ticker?.stop();
    // A broken pipeline must not leave its sources running, nor its sinks waiting.
    this.#stop.abort();
    if (problem) this.#deadline.abort();
    else this.#giveBack();
    await Promise.all([this.#program.close(), ...this.#sinks.map((sink) => sink.close())]);
    this.#over = true;
    return this.#result(problem);
  }

  /** All sinks have ended: what they did not settle they could not store before the stop, and it is read again. */
  #giveBack(): void {
    if (this.#buffered === 0) return;
    const { log, spec } = this.#options;
    log.info({ pipeline: spec.name, events: this.#buffered }, "these events are read again at the next start");
    this.#buffered = 0;
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

  #problem(error: unknown): SluiceError {
    if (error instanceof SluiceError) return error;
    if (this.#deadline.signal.aborted) {
      const open = this.#acks.reduce((sum, acks) => sum + acks.open(), 0);
      return new SluiceError("SLUICE_DEADLINE", `the drain deadline passed with ${open} batches undelivered`, {
        hint: "they are read again at the next start, where their source can be read again",
      });
    }
    return new SluiceError("SLUICE_WORKER", `the pipeline broke: ${String(error)}`, { cause: error });
  }

  /** Runs until everything has gone through. Rejects when a stage breaks or the deadline passes. */
  async #flow(): Promise<void> {
    const program = programStream<SourceItem, Routed>({
      limit: this.#program.limit,
      lanes: this.#lanes,
      place: (item) => item.place,
      run: (item, held) => this.#process(item, held),
    });
    const streams = this.#options.sources.map((source) => this.#addSource(source));
    const sinks = this.#sinks.map((runner, index) => this.#sinkStream(runner, index));
    const flow = join(streams, program, sinks, this.#deadline.signal, this.#addTicker());
    flow.catch(() => undefined);
    for (const sink of this.#sinks) void sink.start();
    for (const source of this.#sources) void source.run();
    // stream.pipeline does not reject while a stage ignores the signal.
    if (await abortedFirst(flow, this.#deadline.signal)) throw new Error("deadline");
    await flow;
  }

  #acksOf(name: string): SourceAcks {
    const { spec, state } = this.#options;
    const acks = new SourceAcks((streamKey, position, { ledger, changes }, { streamId, to }) => {
      if (this.#over) return;
      addLedger(this.#run, ledger);
      this.#buffered -= ledger.in;
      state.commit({ pipeline: spec.name, source: name, streamKey, position, ledger, changes });
      if (position !== undefined) for (const { journal } of this.#streaming) journal.committed(name, streamId, to);
    });
    this.#acks.push(acks);
    return acks;
  }

  /** What steps make when no event comes: a source of its own, which ends after all others. */
  #addTicker(): LastSource {
    const stream = sourceStream<SourceItem>();
    const acks = this.#acksOf(MADE);
    const push = (output: ProgramOutput, now: number) => {
      const batch: SourceBatch = { ...NO_RECORDS, framing: { kind: "lines", base: now } };
      return stream.push({
        source: MADE,
        batch,
        now,
        settled: acks.track(batch),
        place: this.#lanes.enter(MADE),
        output,
      });
    };
    const broken = (error: unknown) => stream.readable.destroy(error as Error);
    const ticker = new Ticker(this.#program, push, broken, () => this.#options.watcher?.ask(MADE));
    this.#ticker = ticker;
    ticker.start();
    const finish = async () => {
      await ticker.finish(this.#options.finite && !this.#stop.signal.aborted ? "end" : "stop");
      stream.end();
    };
    return { readable: stream.readable, finish };
  }

  #addSource({ name, source }: PipelineSource) {
    const { spec, state, log, finite } = this.#options;
    const acks = this.#acksOf(name);
    const stream = sourceStream<SourceItem>();
    const signals = { stop: this.#stop.signal, deadline: this.#deadline.signal };
    const hurry = () => {
      for (const sink of this.#streaming) sink.flush();
    };
    const lost = (reason: string, records: number) => this.#lost(name, reason, records);
    const shared = { lanes: this.#lanes, boundaries: this.#boundaries, hurry, lost, log, finite };
    const own = { name, source, stream, acks, state: state.source(spec.name, name), ...shared };
    this.#sources.push(new SourceRunner({ ...own, ...signals }));
    return stream.readable;
  }

  /** Records that never became events have their place in the books all the same. */
  #lost(source: string, reason: string, records: number): void {
    if (this.#over || records === 0) return;
    const { spec, state } = this.#options;
    const ledger = { ...newLedger(), in: records, dropped: { [reason]: records } };
    addLedger(this.#run, ledger);
    state.commit({ pipeline: spec.name, source, streamKey: "", position: undefined, ledger });
  }

  async #process({ source, batch, now, settled, output: made }: SourceItem, held: () => void): Promise<Routed> {
    const { stream, data, framing, streamKey } = batch;
    // Before the program takes the data over.
    const origin = made ? madeOrigin(now) : originOf(source, batch, now);
    const { watcher } = this.#options;
    const began = performance.now();
    // A batch that is held back waits for others; that is not its own time.
    let isOwnTime = !made;
    const onHeld = () => {
      isOwnTime = false;
      held();
    };
    const output =
      made ?? (await this.#runProgram({ stream, data, framing, now, watch: watcher?.ask(source) }, streamKey, onHeld));
    watcher?.saw(output.seen, output.tally.in);
    if (isOwnTime) this.#batches.observe((performance.now() - began) / 1000);
    this.#sources.find(({ name }) => name === source)?.made(output.tally.in);
    this.#steps.in += output.tally.in;
    this.#steps.kept += output.tally.kept;
    addCounts(this.#steps.dropped, output.tally.dropped);
    this.#buffered += output.tally.in;
    const { changes } = output;
    const settlement = new Settlement(this.#sinks.length, output.tally, (ledger) => settled({ ledger, changes }));
    return { outputs: unshared(output.outputs), origin, settlement };
  }

  async #runProgram(input: ProgramInput, streamKey: string, held: () => void): Promise<ProgramOutput> {
    if (input.data.length === 0) return { outputs: [], tally: newTally() };
    return this.#program.run(input, streamKey, held);
  }

  #runnerOf({ spec, sink, overlapping }: PipelineSink): SinkRunner | StreamingRunner {
    const { spec: pipeline, state, log } = this.#options;
    const shared = { name: spec.name, common: spec, log, deadline: this.#deadline.signal };
    if ("run" in sink) {
      const journal = state.journal(pipeline.name, spec.name);
      return new StreamingRunner({ ...shared, sink, journal, stop: this.#stop.signal });
    }
    const origin = { pipeline: pipeline.name, sink: spec.name };
    const letters = spec.dead_letter && new DeadLetterFile(resolve(pipeline.baseDir, spec.dead_letter), origin);
    return new SinkRunner({ ...shared, sink, overlapping: overlapping ?? false, deadLetter: letters || undefined });
  }

  #sinkStream(runner: SinkRunner | StreamingRunner, index: number) {
    const { name } = (this.#options.sinks[index] as PipelineSink).spec;
    return sinkStream<Routed>({
      accept: ({ outputs, origin, settlement }) =>
        runner.accept(outputs[index] ?? null, (result) => settlement.settle(name, result), origin),
      finish: () => runner.finish(),
      ...(runner instanceof StreamingRunner && { ended: runner.ended }),
    });
  }
}

/**
 * Starts a pipeline: compiles its program, opens its sinks, runs its sources. Rejects when the program does not
 * compile or the options cannot work; everything later is in the result.
 */
export async function runPipeline(options: PipelineOptions): Promise<PipelineRun> {
  checkOptions(options);
  const memories = options.state.memories(options.spec.name);
  return new PipelineRun(options, await startProgram(options, memories));
}
