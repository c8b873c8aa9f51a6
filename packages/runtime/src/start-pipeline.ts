import { checkOptions, type PipelineOptions } from "./pipeline-options.ts";
import { PipelineRun } from "./pipeline-run.ts";
import { type Prepared, preparedOf } from "./replacement.ts";
import { startProgram } from "./workers/start.ts";

/**
 * Compiles the program of a pipeline. Rejects when it does not compile or the options cannot work. Close what is not
 * used.
 */
export async function preparePipeline(options: PipelineOptions): Promise<Prepared> {
  checkOptions(options);
  const start = () => startProgram(options, options.state.memories(options.spec.name));
  return preparedOf(options, await start(), start);
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
