import type { Event, Program, ProgramSpec, Registry, StepRun } from "@sluice/core";
import { FusedProgram } from "./fused.ts";
import { PlainProgram } from "./plain.ts";
import { compileStages } from "./stages.ts";
import { Variants } from "./variants.ts";
import { createObserving } from "./watch/observing.ts";

export { type Rehearsal, rehearse } from "./rehearsal.ts";

/**
 * Compiles the middle of a pipeline: decode, steps, encode. With `spec.kernel` it runs in generated WebAssembly where
 * every part of the pipeline can. Throws SluiceError when a part cannot be compiled.
 */
export async function compileProgram(spec: ProgramSpec, registry: Registry): Promise<Program> {
  const stages = await compileStages(spec, registry);
  const plain = new PlainProgram(stages, spec, spec.watched ? await createObserving(spec, registry) : undefined);
  // The kernel writes frames without making events, so it cannot look at their time.
  const variants = spec.kernel && !spec.window && !plain.memory ? new Variants(stages, spec.stamp) : null;
  return variants?.isPossible ? new FusedProgram(plain, variants, stages.sinks.length) : plain;
}

/** The steps of a pipeline: they change an event in place, or tell why it is dropped. */
export interface Steps {
  readonly apply: (event: Event, run: StepRun) => string | null;
  /** For an event on which a step hung: tags it `_timeout`; only steps that must not be skipped see it. */
  readonly skip: (event: Event, run: StepRun) => string | null;
}

/** Compiles the steps alone, for `test` and `parse`. */
export async function compileSteps(spec: ProgramSpec, registry: Registry): Promise<Steps> {
  const stages = await compileStages({ ...spec, pipeline: { ...spec.pipeline, sinks: [] } }, registry);
  const program = new PlainProgram(stages, spec);
  return {
    apply: (event, run) => program.applySteps(event, run),
    skip: (event, run) => program.passSteps(event, run),
  };
}
