import {
  type Event,
  newTally,
  type ParsePlan,
  type PlanPattern,
  type Screen,
  type Step,
  type StreamInfo,
  type Value,
} from "@sluice/core";

/** Streams of which it is known whether the step changes their fields. */
const MAX_STREAMS = 256;
/** A text that means nothing by itself; a step that changes it does so for the name of its field. */
const PROBE: Record<"string" | "int" | "float", Value> = { string: "probe", int: 7, float: 7.5 };
/** Position fields that no step changes. */
const OWN_POSITION = "log.offset";

/** A last step that leaves most lines alone: which ones, and whether it leaves alone what does not come from the line. */
export class LastStep {
  readonly screen: Screen;
  readonly #step: Step;
  readonly #plan: ParsePlan;
  readonly #known = new Map<string, boolean>();

  constructor(step: Step, screen: Screen, plan: ParsePlan) {
    this.#step = step;
    this.screen = screen;
    this.#plan = plan;
  }

  /** Whether the step changes fields of this stream, constants, or captures for the names of their fields. */
  changes(stream: StreamInfo): boolean {
    const key = JSON.stringify([stream.fields, stream.positionField]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_STREAMS) this.#known.clear();
    const changes = this.#plan.patterns.some((pattern) => this.#changesAny(pattern, stream));
    this.#known.set(key, changes);
    return changes;
  }

  #changesAny({ captures, constants }: PlanPattern, { fields, positionField }: StreamInfo): boolean {
    if (positionField !== undefined && positionField !== OWN_POSITION) return true;
    const event: Event = { message: "probe", ...structuredClone(fields) };
    for (const { field, type } of captures) event[field] = PROBE[type];
    for (const [field, value] of constants) event[field] = value;
    const before = JSON.stringify(event);
    const result = this.#step.apply(event, { now: 0, tally: newTally() });
    return result === null || JSON.stringify(result) !== before;
  }
}
