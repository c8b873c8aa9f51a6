import os from "node:os";
import type { CreateContext, Logger, PatternFiles, PipelineSpec, TimeWindow } from "@sluice/core";
import { compileProgram } from "@sluice/program";
import {
  type PipelineOptions,
  type PipelineResult,
  type PipelineRun,
  type PipelineSink,
  type PipelineSource,
  runPipeline,
  type State,
  type Watcher,
} from "@sluice/runtime";
import { WORKER_URL } from "./installation.ts";
import { programSpecOf } from "./program-spec.ts";
import { registry } from "./registry.ts";

/** What all pipelines of a run share. */
export interface RunContext {
  readonly state: State;
  readonly log: Logger;
  readonly patterns: PatternFiles;
  readonly workers: number | "auto";
  readonly finite: boolean;
  /** Instead of the sources of the pipeline file. */
  readonly sources?: readonly PipelineSource[];
  /** Event time that is let through. */
  readonly window?: TimeWindow | undefined;
  /** Looks at the events of a pipeline. */
  readonly watcher?: ((pipeline: string) => Watcher) | undefined;
  /** Is told what components warn about when they are created, e.g. `verify: false`. */
  readonly warned?: (pipeline: string, component: string, message: string) => unknown;
}

/** Heap limits of a worker thread: batches live outside of it, and the nearer the limit, the sooner V8 tidies up. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 };

/** Creates the components of a pipeline, compiles it, and starts it. */
export async function startPipeline(spec: PipelineSpec, context: RunContext): Promise<PipelineRun> {
  return runPipeline(await pipelineOptions(spec, context));
}

/** Creates the components of a pipeline; nothing runs yet. */
export async function pipelineOptions(spec: PipelineSpec, context: RunContext): Promise<PipelineOptions> {
  const { state, log, patterns, workers, finite } = context;
  const watcher = context.watcher?.(spec.name);
  return {
    spec,
    programSpec: {
      ...programSpecOf(spec, patterns),
      ...(context.window && { window: context.window }),
      watched: watcher !== undefined,
    },
    watcher,
    compile: (programSpec) => compileProgram(programSpec, registry),
    workerUrl: WORKER_URL,
    workers,
    resourceLimits: WORKER_LIMITS,
    sources: context.sources ?? (await createSources(spec, context)),
    sinks: await createSinks(spec, context),
    state,
    log,
    finite,
  };
}

async function createSources(spec: PipelineSpec, context: RunContext): Promise<PipelineSource[]> {
  return Promise.all(
    spec.sources.map(async ({ name, type, options }) => {
      const definition = await registry.source(type);
      return { name, source: definition.create(definition.options.parse(options), contextOf(spec, name, context)) };
    }),
  );
}

/** The sinks of a pipeline, not yet started. */
export async function createSinks(
  spec: PipelineSpec,
  context: Pick<RunContext, "log" | "warned">,
): Promise<PipelineSink[]> {
  return Promise.all(
    spec.sinks.map(async (sink) => {
      const definition = await registry.sink(sink.type);
      const created = definition.create(definition.options.parse(sink.options), contextOf(spec, sink.name, context));
      return { spec: sink, sink: created, overlapping: definition.overlapping ?? false };
    }),
  );
}

function contextOf(
  { name: pipeline, baseDir }: PipelineSpec,
  name: string,
  context: Pick<RunContext, "log" | "warned">,
): CreateContext {
  const warn = (message: string): void => {
    context.log.warn({ pipeline, component: name }, message);
    context.warned?.(pipeline, name, message);
  };
  return { name, pipeline, baseDir, hostname: os.hostname(), warn };
}

/**
 * Writes the ledger of an ended run to the log. What lies in disk buffers is safe, and no failure; what is in flight no
 * longer is read again.
 */
export function logLedger(log: Logger, { ok, error, snapshot }: PipelineResult): void {
  const { ledger, total, buffered: inFlight, name: pipeline } = snapshot;
  const read = ledger.in + inFlight;
  const before = total.buffered - ledger.buffered;
  const buffered = inFlight + total.buffered;
  const from = before > 0 ? ` + buffered before ${before}` : "";
  const made = Object.keys(ledger.made).length > 0 ? ` + made ${listed(ledger.made)}` : "";
  const balance = `in ${read}${made}${from} = delivered ${ledger.delivered} + dropped ${listed(ledger.dropped)} + buffered ${buffered}`;
  const sanitized = Object.keys(ledger.sanitized).length > 0 ? `; secrets taken out: ${listed(ledger.sanitized)}` : "";
  const text = `ledger of ${pipeline}: ${balance}${sanitized}`;
  const fields = {
    pipeline,
    in: read,
    ...(before > 0 && { bufferedBefore: before }),
    ...(made && { made: ledger.made }),
    delivered: ledger.delivered,
    dropped: ledger.dropped,
    buffered,
    tagged: ledger.tagged,
    sanitized: ledger.sanitized,
  };
  if (ok && inFlight === 0) return log.info(fields, text);
  log.error({ ...fields, ...(error && { code: error.code, error: error.message, hint: error.hint }) }, text);
}

/** `5 (drop 3, keep 2)`. */
function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, n]) => `${name} ${n}`);
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return `${total}${parts.length > 0 ? ` (${parts.join(", ")})` : ""}`;
}
