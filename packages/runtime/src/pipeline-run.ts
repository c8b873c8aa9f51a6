import { setMaxListeners } from "node:events";
import {
  type BatchOrigin,
  newTally,
  type ProgramInput,
  type ProgramOutput,
  SluiceError,
  type SourceBatch,
} from "@sluice/core";
import { type BatchResult, Settlement } from "./acks/settlement.ts";
import { SourceAcks } from "./acks/source-acks.ts";
import { abortedFirst } from "./backoff.ts";
import { Boundaries } from "./boundaries.ts";
import { BufferedSink } from "./buffer/buffered-sink.ts";
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
import { unshared } from "./sink/frames.ts";
import { type AnyRunner, makeRunner } from "./sink/make-runner.ts";
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
  readonly #sinks: AnyRunner[];
  /** Runners of sinks that gather, with a disk buffer before them or without. */
  readonly #streaming: StreamingRunner[];
  readonly #buffered: BufferedSink[];
  /** Number of the last batch. */
  #batch = 0;
  readonly #boundaries: Boundaries;
  readonly #lanes: Lanes<Routed>;
  readonly #run = newLedger();
  readonly #before: Ledger;
  readonly #batches = new Histogram();
  readonly #steps = { in: 0, kept: 0, dropped: {} as Record<string, number> };
  #inFlight = 0;
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
    const components = [...options.sources.map(({ name }) => name), ...options.sinks.map((sink) => sink.spec.name)];
    options.state.expect(options.spec.name, components);
    this.#before = options.state.ledger(options.spec.name);
    setMaxListeners(0, this.#stop.signal, this.#deadline.signal);
    const { spec: pipeline, state, log } = options;
    const context = { pipeline, state, log, stop: this.#stop.signal, deadline: this.#deadline.signal };
    this.#sinks = options.sinks.map((sink) => makeRunner(sink, context));
    this.#buffered = this.#sinks.filter((runner) => runner instanceof BufferedSink);
    this.#streaming = this.#sinks.flatMap((runner) => streamingOf(runner) ?? []);
    state.onResolved(pipeline.name, (change) => {
      addLedger(this.#run, change);
    });
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
      buffered: this.#inFlight,
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
    const parts = [...this.#sources, ...this.#sinks];
    await Promise.all([this.#program.close(), ...parts.map((part) => part.close())]);
    this.#over = true;
    return this.#result(problem);
  }

  /** All sinks have ended: what they did not settle they could not store before the stop, and it is read again. */
  #giveBack(): void {
    if (this.#inFlight === 0) return;
    const { log, spec } = this.#options;
    log.info(
      { pipeline: spec.name, events: this.#inFlight },
      "these events are read again at the next start, where their source can be read again",
    );
    this.#inFlight = 0;
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
    if (this.#deadline.signal.aborted) {
      const open = this.#acks.reduce((sum, acks) => sum + acks.open(), 0);
      if (open === 0) return undefined;
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
    await this.#openBuffers();
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

  async #openBuffers(): Promise<void> {
    const { state, spec, log } = this.#options;
    for (const buffered of this.#buffered) this.#batch = Math.max(this.#batch, await buffered.open());
    for (const [sink, events] of state.waiting(spec.name)) {
      const known = this.#options.sinks.some((other) => other.spec.name === sink && other.spec.buffer.type === "disk");
      if (known) continue;
      const hint = "give the sink its name and `buffer: {type: disk}` back to have them delivered";
      log.warn(
        { pipeline: spec.name, sink, events, hint },
        "events wait in the disk buffer of a sink that has none now",
      );
    }
  }

  #acksOf(name: string): SourceAcks {
    const { spec, state } = this.#options;
    const acks = new SourceAcks(({ streamKey, position, ledger, changes, held, reach: { streamId, to } }) => {
      if (this.#over) return;
      addLedger(this.#run, ledger);
      this.#inFlight -= ledger.in;
      state.commit({ pipeline: spec.name, source: name, streamKey, position, ledger, changes, held });
      if (position !== undefined) for (const { journal } of this.#direct()) journal.committed(name, streamId, to);
      for (const { sink, seq } of held?.parts ?? []) this.#bufferOf(sink)?.committed(seq);
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

  async #process({ source, batch: read, now, settled, output: made }: SourceItem, held: () => void): Promise<Routed> {
    const { stream, data, framing, streamKey } = read;
    // Before the program takes the data over.
    const origin = made ? madeOrigin(now) : originOf(source, read, now);
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
    this.#inFlight += output.tally.in;
    const batch = ++this.#batch;
    const { changes } = output;
    const done = (result: BatchResult) => settled({ ...result, changes });
    const settlement = new Settlement(this.#sinks.length, output.tally, done, batch);
    return { outputs: unshared(output.outputs), origin, settlement, batch };
  }

  async #runProgram(input: ProgramInput, streamKey: string, held: () => void): Promise<ProgramOutput> {
    if (input.data.length === 0) return { outputs: [], tally: newTally() };
    return this.#program.run(input, streamKey, held);
  }

  /** Sinks that gather without a disk buffer: their cuts end where the positions of the source are. */
  #direct(): StreamingRunner[] {
    return this.#sinks.filter((runner) => runner instanceof StreamingRunner);
  }

  #bufferOf(sink: string): BufferedSink | undefined {
    return this.#buffered.find((buffered) => buffered.name === sink);
  }

  #sinkStream(runner: AnyRunner, index: number) {
    const { name } = (this.#options.sinks[index] as PipelineSink).spec;
    const streaming = streamingOf(runner);
    return sinkStream<Routed>({
      accept: ({ outputs, origin, settlement, batch }) =>
        runner.accept(outputs[index] ?? null, (result) => settlement.settle(name, result), origin, batch),
      finish: () => runner.finish(),
      ...(streaming && { ended: streaming.ended }),
    });
  }
}

function streamingOf(runner: AnyRunner): StreamingRunner | undefined {
  if (runner instanceof BufferedSink) return runner.streaming;
  return runner instanceof StreamingRunner ? runner : undefined;
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
