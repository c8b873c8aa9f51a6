import { availableParallelism } from "node:os";
import type { PipelineOptions } from "../pipeline-options.ts";
import type { StepMirror } from "../state/step-mirror.ts";
import { inlineRunner } from "./inline.ts";
import { WorkerPool } from "./pool.ts";
import type { ProgramRunner } from "./runner.ts";

/** Threads for `auto`. More than four only wait: the main thread is then the bottleneck. */
const MAX_AUTO = 4;

/** Compiles the program where it is to run. Rejects when it does not compile. */
export function startProgram(options: PipelineOptions, memories: StepMirror): Promise<ProgramRunner> {
  const { programSpec: spec, workerUrl, compile, log, resourceLimits } = options;
  const workers = options.workers === "auto" ? Math.min(MAX_AUTO, availableParallelism()) : options.workers;
  if (workers === 0) return inlineRunner(spec, compile, log, memories);
  return WorkerPool.start({ workers, workerUrl, spec, log, resourceLimits, memories });
}
