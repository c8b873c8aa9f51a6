import type { Event, Program, ProgramSpec, Registry, StepRun } from "@sluice/core";
import { PlainProgram } from "./plain.ts";
import { compileStages } from "./stages.ts";

/** Compiles the middle of a pipeline: decode, steps, encode. Throws SluiceError when a part cannot be compiled. */
export async function compileProgram(spec: ProgramSpec, registry: Registry): Promise<Program> {
  return new PlainProgram(await compileStages(spec, registry), spec.stamp);
}

/** Compiles the steps alone, for `test` and `parse`: changes an event in place, or tells why it is dropped. */
export async function compileSteps(
  spec: ProgramSpec,
  registry: Registry,
): Promise<(event: Event, run: StepRun) => string | null> {
  const program = new PlainProgram(
    await compileStages({ ...spec, pipeline: { ...spec.pipeline, sinks: [] } }, registry),
    spec.stamp,
  );
  return (event, run) => program.applySteps(event, run);
}
