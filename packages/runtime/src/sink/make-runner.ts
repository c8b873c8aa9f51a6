import { join, resolve } from "node:path";
import type { ClaimRequest, Lease, Logger, PipelineSpec } from "@sluice/core";
import { BufferedSink, innerCommon } from "../buffer/buffered-sink.ts";
import { DiskBuffer } from "../buffer/disk-buffer.ts";
import type { PipelineSink } from "../pipeline-options.ts";
import type { State } from "../state/state.ts";
import { DeadLetterFile } from "./dead-letter.ts";
import { SinkRunner } from "./sink-runner.ts";
import { StreamingRunner } from "./streaming-runner.ts";
import { Trouble } from "./trouble.ts";

export type AnyRunner = SinkRunner | StreamingRunner | BufferedSink;

/** What the runners of a pipeline's sinks share. */
export interface RunnerContext {
  readonly pipeline: PipelineSpec;
  readonly state: State;
  readonly log: Logger;
  /** Tells sluices that share a source of a cut of it. */
  readonly claim: (request: ClaimRequest) => Promise<Lease | null>;
  readonly stop: AbortSignal;
  readonly deadline: AbortSignal;
}

/** What runs a sink: with a disk buffer before it when it has one, and the state a directory for it. */
export function makeRunner(sink: PipelineSink, context: RunnerContext): AnyRunner {
  const { dir } = context.state;
  const { spec } = sink;
  if (spec.buffer.type !== "disk" || dir === undefined) return directRunner(sink, context);
  const { pipeline, log, state, stop, deadline } = context;
  const { size, when_full: whenFull, compression } = spec.buffer;
  const buffer = new DiskBuffer({
    dir: join(dir, "buffers", encodeURIComponent(pipeline.name), encodeURIComponent(spec.name)),
    size,
    compress: compression === "zstd",
    whenFull,
    retry: spec.retry,
    index: state.buffer(pipeline.name, spec.name),
    trouble: new Trouble(spec.name, log),
    deadline,
  });
  const inner = directRunner({ ...sink, spec: { ...spec, ...innerCommon(spec) } }, context);
  return new BufferedSink({ name: spec.name, inner, buffer, common: spec, log, stop, deadline });
}

function directRunner({ spec, sink, overlapping }: PipelineSink, context: RunnerContext): SinkRunner | StreamingRunner {
  const { pipeline, state, log, claim, stop, deadline } = context;
  const shared = { name: spec.name, common: spec, log, deadline };
  if ("run" in sink)
    return new StreamingRunner({ ...shared, sink, journal: state.journal(pipeline.name, spec.name), claim, stop });
  const origin = { pipeline: pipeline.name, sink: spec.name };
  const letters = spec.dead_letter && new DeadLetterFile(resolve(pipeline.baseDir, spec.dead_letter), origin);
  return new SinkRunner({ ...shared, sink, overlapping: overlapping ?? false, deadLetter: letters || undefined });
}
