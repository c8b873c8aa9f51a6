import { setMaxListeners } from "node:events";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { ResourceLimits } from "node:worker_threads";
import {
  type Logger,
  newTally,
  type PipelineSpec,
  type Program,
  type ProgramSpec,
  type Sink,
  type SinkSpec,
  SluiceError,
  type Source,
} from "@sluice/core";
import { Settlement } from "./acks/settlement.ts";
import { SourceAcks } from "./acks/source-acks.ts";
import { abortedFirst } from "./backoff.ts";
import { Lanes } from "./lanes.ts";
import type { Routed } from "./routed.ts";
import { DeadLetterFile } from "./sink/dead-letter.ts";
import { unshared } from "./sink/frames.ts";
import { SinkRunner, type SinkSnapshot } from "./sink/sink-runner.ts";
import { type SourceItem, SourceRunner, type SourceSnapshot } from "./source-runner.ts";
import { addLedger, type Ledger, newLedger } from "./state/ledger.ts";
import type { State } from "./state/state.ts";
import { join, programStream, sinkStream, sourceStream } from "./streams.ts";
import { inlineRunner } from "./workers/inline.ts";
import { WorkerPool } from "./workers/pool.ts";
import type { ProgramRunner, WorkersSnapshot } from "./workers/runner.ts";

export interface PipelineSource {
  readonly name: string;
  readonly source: Source;
}

export interface PipelineSink {
  readonly spec: SinkSpec;
  readonly sink: Sink;
  /** From its definition: several writes may be open at once. */
  readonly overlapping?: boolean;
}

export interface PipelineOptions {
  readonly spec: PipelineSpec;
  readonly programSpec: ProgramSpec;
  /** Compiles the program in this thread; used when `workers` is 0. */
  readonly compile: (spec: ProgramSpec) => Promise<Program>;
  /** Module of the worker threads; it calls `serveProgram`. */
  readonly workerUrl: URL;
  /** Worker threads; 0 runs the program in this thread, `auto` is one a core, at most 4. */
  readonly workers: number | "auto";
  /** Limits of each worker's heap. */
  readonly resourceLimits?: ResourceLimits;
  readonly sources: readonly PipelineSource[];
  /** In the order of the pipeline file, which is that of the program's outputs. */
  readonly sinks: readonly PipelineSink[];
  readonly state: State;
  readonly log: Logger;
  /** Sources return at the end of what is there, which ends the run. */
  readonly finite: boolean;
}

/** All numbers of a pipeline at one moment. */
export interface PipelineSnapshot {
  readonly name: string;
  /** The books of this run. */
  readonly ledger: Ledger;
  /** The books since the state directory was made. */
  readonly total: Ledger;
  /** Events that came out of the program and are not settled; with them, `in + buffered` is what was read. */
  readonly buffered: number;
  /** Batches read and not settled, whether or not they came out of the program. */
  readonly openBatches: number;
  readonly sources: readonly SourceSnapshot[];
  readonly sinks: readonly SinkSnapshot[];
  readonly workers: WorkersSnapshot;
}

/** How a run ended. */
export interface PipelineResult {
  /** Everything that was read is settled, and no source was given up. */
  readonly ok: boolean;
  /** What broke the pipeline: SLUICE_DEADLINE, SLUICE_WORKER, SLUICE_STATE; positions of open batches did not move. */
  readonly error: SluiceError | undefined;
  readonly snapshot: PipelineSnapshot;
}

/** Threads for `auto`. More than four only wait: the main thread is then the bottleneck. */
const MAX_AUTO = 4;
/** Batches of one stream that may wait between its source and the program; two fill the queues there. */
const QUEUED = 2;

/** A running pipeline. Made by {@link runPipeline}. */
export class PipelineRun {
  readonly #options: PipelineOptions;
  readonly #program: ProgramRunner;
  readonly #stop = new AbortController();
  readonly #deadline = new AbortController();
  readonly #sources: SourceRunner[] = [];
  readonly #acks: SourceAcks[] = [];
  readonly #sinks: SinkRunner[];
  readonly #lanes: Lanes<Routed>;
  readonly #run = newLedger();
  readonly #before: Ledger;
  #buffered = 0;
  /** The result is made: what a sink confirms after this is not entered any more. */
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when the run has ended and everything is released; it never rejects. */
  readonly done: Promise<PipelineResult>;

  constructor(options: PipelineOptions, program: ProgramRunner) {
    this.#options = options;
    this.#program = program;
    this.#lanes = new Lanes(program.limit + QUEUED);
    this.#before = options.state.ledger(options.spec.name);
    setMaxListeners(0, this.#stop.signal, this.#deadline.signal);
    this.#sinks = options.sinks.map((sink) => this.#sinkRunner(sink));
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
    };
  }

  async #live(): Promise<PipelineResult> {
    const problem = await this.#flow().then(
      () => undefined,
      (error: unknown) => this.#problem(error),
    );
    clearTimeout(this.#timer);
    // A broken pipeline must not leave its sources running, nor its sinks waiting.
    this.#stop.abort();
    if (problem) this.#deadline.abort();
    await Promise.all([this.#program.close(), ...this.#sinks.map((sink) => sink.close())]);
    this.#over = true;
    return this.#result(problem);
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
      run: (item) => this.#process(item),
    });
    const streams = this.#options.sources.map((source) => this.#addSource(source));
    const sinks = this.#sinks.map((runner, index) => this.#sinkStream(runner, index));
    const flow = join(streams, program, sinks, this.#deadline.signal);
    flow.catch(() => undefined);
    for (const sink of this.#sinks) void sink.start();
    for (const source of this.#sources) void source.run();
    // stream.pipeline does not reject while a stage ignores the signal.
    if (await abortedFirst(flow, this.#deadline.signal)) throw new Error("deadline");
    await flow;
  }

  #addSource({ name, source }: PipelineSource) {
    const { spec, state, log, finite } = this.#options;
    const acks = new SourceAcks((streamKey, position, ledger) => {
      if (this.#over) return;
      addLedger(this.#run, ledger);
      this.#buffered -= ledger.in;
      state.commit({ pipeline: spec.name, source: name, streamKey, position, ledger });
    });
    const stream = sourceStream<SourceItem>();
    const signals = { stop: this.#stop.signal, deadline: this.#deadline.signal };
    const own = { name, source, stream, acks, lanes: this.#lanes, state: state.source(spec.name, name), log, finite };
    this.#acks.push(acks);
    this.#sources.push(new SourceRunner({ ...own, ...signals }));
    return stream.readable;
  }

  async #process({ batch, now, settled }: SourceItem): Promise<Routed> {
    const { stream, data, framing, streamKey } = batch;
    const output =
      data.length === 0
        ? { outputs: [], tally: newTally() }
        : await this.#program.run({ stream, data, framing, now }, streamKey);
    this.#buffered += output.tally.in;
    return { outputs: unshared(output.outputs), settlement: new Settlement(this.#sinks.length, output.tally, settled) };
  }

  #sinkRunner({ spec, sink, overlapping }: PipelineSink): SinkRunner {
    const { name: pipeline, baseDir } = this.#options.spec;
    const deadLetter = spec.dead_letter
      ? new DeadLetterFile(resolve(baseDir, spec.dead_letter), { pipeline, sink: spec.name })
      : undefined;
    const { log } = this.#options;
    const deadline = this.#deadline.signal;
    return new SinkRunner({
      name: spec.name,
      sink,
      common: spec,
      overlapping: overlapping ?? false,
      deadLetter,
      log,
      deadline,
    });
  }

  #sinkStream(runner: SinkRunner, index: number) {
    const { name } = (this.#options.sinks[index] as PipelineSink).spec;
    return sinkStream<Routed>({
      accept: ({ outputs, settlement }) =>
        runner.accept(outputs[index] ?? null, (result) => settlement.settle(name, result)),
      finish: () => runner.finish(),
    });
  }
}

/**
 * Starts a pipeline: compiles its program, opens its sinks, runs its sources. Rejects when the program does not
 * compile or the options cannot work; everything later is in the result.
 */
export async function runPipeline(options: PipelineOptions): Promise<PipelineRun> {
  checkOptions(options);
  return new PipelineRun(options, await startProgram(options));
}

function startProgram(options: PipelineOptions): Promise<ProgramRunner> {
  const { programSpec: spec, workerUrl, compile, log, resourceLimits } = options;
  const workers = options.workers === "auto" ? Math.min(MAX_AUTO, availableParallelism()) : options.workers;
  if (workers === 0) return inlineRunner(spec, compile, log);
  return WorkerPool.start({ workers, workerUrl, spec, log, resourceLimits });
}

function checkOptions({ sinks, sources, spec }: PipelineOptions): void {
  const disk = sinks.find((sink) => sink.spec.buffer.type === "disk");
  const fault =
    (sinks.length === 0 && "has no sink") ||
    (sources.length === 0 && "has no source") ||
    (disk && `sink ${disk.spec.name}: this sluice has no disk buffers`);
  if (fault) {
    throw new SluiceError("SLUICE_CONFIG", `pipeline ${spec.name}: ${fault}`, {
      hint: disk ? "use buffer: {type: memory}; a file source keeps its position, so nothing is lost" : "add one",
    });
  }
}
