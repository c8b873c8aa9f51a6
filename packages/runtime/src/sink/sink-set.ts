import type { Writable } from "node:stream";
import type { JournalledCut } from "@sluice/core";
import { BufferedSink } from "../buffer/buffered-sink.ts";
import type { PipelineSink } from "../pipeline-options.ts";
import type { Routed } from "../routed.ts";
import { sinkStream } from "../streams.ts";
import { type AnyRunner, makeRunner, type RunnerContext } from "./make-runner.ts";
import type { SinkSnapshot } from "./sink-types.ts";
import { cutsOf, StreamingRunner } from "./streaming-runner.ts";

/** The sinks of a pipeline. */
export class SinkSet {
  readonly #context: RunnerContext;
  readonly #runners: readonly AnyRunner[];
  readonly #names: readonly string[];
  /** Runners of sinks that gather, with a disk buffer before them or without. */
  readonly #streaming: readonly StreamingRunner[];
  readonly #buffered: readonly BufferedSink[];
  readonly #withBuffer: ReadonlySet<string>;

  constructor(sinks: readonly PipelineSink[], context: RunnerContext) {
    this.#context = context;
    this.#runners = sinks.map((sink) => makeRunner(sink, context));
    this.#names = sinks.map(({ spec }) => spec.name);
    this.#buffered = this.#runners.filter((runner) => runner instanceof BufferedSink);
    this.#streaming = this.#runners.flatMap((runner) => streamingOf(runner) ?? []);
    this.#withBuffer = new Set(sinks.filter(({ spec }) => spec.buffer.type === "disk").map(({ spec }) => spec.name));
  }

  /** Cuts that earlier runs have journalled. */
  cuts(): readonly JournalledCut[] {
    return cutsOf(this.#streaming);
  }

  /** Opens the disk buffers. Returns a number for the last batch so that no batch in them has one above it. */
  async open(): Promise<number> {
    const { state, pipeline, log } = this.#context;
    let batch = 0;
    for (const buffered of this.#buffered) batch = Math.max(batch, await buffered.open());
    for (const [sink, events] of state.waiting(pipeline.name)) {
      if (this.#withBuffer.has(sink)) continue;
      const hint = "give the sink its name and `buffer: {type: disk}` back to have them delivered";
      log.warn(
        { pipeline: pipeline.name, sink, events, hint },
        "events wait in the disk buffer of a sink that has none now",
      );
    }
    return batch;
  }

  /** The ends of the pipeline, one a sink. */
  streams(): Writable[] {
    return this.#runners.map((runner, index) => this.#stream(runner, index));
  }

  start(): void {
    for (const runner of this.#runners) void runner.start();
  }

  /** Asks the sinks to settle what they gather. */
  hurry(): void {
    for (const sink of this.#streaming) sink.flush();
  }

  /** Whether one of them fails at present. */
  isStuck(): boolean {
    return this.snapshots().some(({ state }) => state === "retrying" || state === "starting");
  }

  /** What lies in disk buffers is left to those who open them next. */
  leaveBuffers(): void {
    for (const buffered of this.#buffered) buffered.leave();
  }

  /** A position was committed: everything of the stream before `to` is settled. */
  positionCommitted(source: string, streamId: string, to: number): void {
    // Sinks that gather without a disk buffer: their cuts end where the positions of the source are.
    for (const runner of this.#runners) {
      if (runner instanceof StreamingRunner) runner.journal.committed(source, streamId, to);
    }
  }

  /** The batch of a record in a sink's disk buffer was committed. */
  recordCommitted(sink: string, seq: number): void {
    this.#buffered.find(({ name }) => name === sink)?.committed(seq);
  }

  snapshots(): SinkSnapshot[] {
    return this.#runners.map((runner) => runner.snapshot());
  }

  async close(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()));
  }

  #stream(runner: AnyRunner, index: number): Writable {
    const name = this.#names[index] as string;
    const streaming = streamingOf(runner);
    return sinkStream<Routed>({
      accept: ({ outputs, origin, settlement, buffered }) =>
        runner.accept(outputs[index] ?? null, (result) => settlement.settle(name, result), origin, buffered),
      finish: () => runner.finish(),
      ...(streaming && { ended: streaming.ended }),
    });
  }
}

function streamingOf(runner: AnyRunner): StreamingRunner | undefined {
  if (runner instanceof BufferedSink) return runner.streaming;
  return runner instanceof StreamingRunner ? runner : undefined;
}
