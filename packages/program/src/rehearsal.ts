import { type Event, newTally, type ProgramSpec, type Registry, type Tick } from "@sluice/core";
import { PlainProgram } from "./plain.ts";
import { compileStages, type Stages } from "./stages.ts";

/** Puts events through the steps of a pipeline one by one, for its tests. */
export interface Rehearsal {
  /** What comes out: events, in order, and null for each that a step drops. */
  event(event: Event, now: number): readonly (Event | null)[];
  tick(why: Tick, now: number): readonly (Event | null)[];
  /** The same with steps that remember nothing. */
  anew(): Promise<Rehearsal>;
}

/** Compiles the steps of a pipeline to be tried out. */
export function rehearse(spec: ProgramSpec, registry: Registry): Promise<Rehearsal> {
  return compile({ ...spec, pipeline: { ...spec.pipeline, sinks: [] } }, registry);
}

async function compile(spec: ProgramSpec, registry: Registry, earlier?: Stages): Promise<Rehearsal> {
  const stages = await compileStages(spec, registry, earlier);
  let outcomes: (Event | null)[] = [];
  let position = 0;
  const program = new PlainProgram(stages, spec, undefined, (outcome) => outcomes.push(outcome));
  const take = () => {
    const taken = outcomes;
    outcomes = [];
    return taken;
  };
  return {
    event(event, now) {
      program.runEvent(event, position++, { now, tally: newTally() });
      return take();
    },
    tick(why, now) {
      program.run({ ...NOTHING, now, tick: why });
      return take();
    },
    anew: () => compile(spec, registry, stages),
  };
}

const NOTHING = {
  stream: { id: "test", fields: {} },
  data: new Uint8Array(0),
  framing: { kind: "lines", base: 0 },
} as const;
