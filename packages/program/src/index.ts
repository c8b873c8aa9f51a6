import type { Event, Program, ProgramSpec, Registry, StepRun, Tick } from "@sluice/core";
import { fuse } from "./fuse.ts";
import { FusedProgram } from "./fused.ts";
import { PlainProgram } from "./plain.ts";
import { compileStages } from "./stages.ts";

/**
 * Compiles the middle of a pipeline: decode, steps, encode. With `spec.kernel` it runs in generated WebAssembly where
 * every part of the pipeline can. Throws SluiceError when a part cannot be compiled.
 */
export async function compileProgram(spec: ProgramSpec, registry: Registry): Promise<Program> {
  const stages = await compileStages(spec, registry);
  const plain = new PlainProgram(stages, spec);
  // The kernel writes frames without making events, so it cannot look at their time.
  const fused = spec.kernel && !spec.window && !plain.memory ? fuse(stages, spec.stamp) : null;
  return fused ? new FusedProgram(plain, fused) : plain;
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

/** Puts events through the steps of a pipeline one by one, for its tests. */
export interface Rehearsal {
  /** Whether what comes out depends on what went in before. */
  readonly remembers: boolean;
  /** What comes out: events, in order, and null for each that a step drops. */
  event(event: Event, now: number): readonly (Event | null)[];
  tick(why: Tick, now: number): readonly (Event | null)[];
}

/** Compiles the steps of a pipeline to be tried out. */
export async function rehearse(spec: ProgramSpec, registry: Registry): Promise<Rehearsal> {
  const stages = await compileStages({ ...spec, pipeline: { ...spec.pipeline, sinks: [] } }, registry);
  let outcomes: (Event | null)[] = [];
  const program = new PlainProgram(stages, spec, (outcome) => outcomes.push(outcome));
  let position = 0;
  const take = () => {
    const taken = outcomes;
    outcomes = [];
    return taken;
  };
  return {
    remembers: program.memory !== undefined,
    event(event, now) {
      program.runEvent(event, position++, now);
      return take();
    },
    tick(why, now) {
      program.run({
        stream: { id: "test", fields: {} },
        data: new Uint8Array(0),
        framing: { kind: "lines", base: 0 },
        now,
        tick: why,
      });
      return take();
    },
  };
}
