import {
  type Event,
  newTally,
  type ParsePlan,
  type Screen,
  type Step,
  type StreamInfo,
  type Value,
} from "@sluice/core";

/** Streams of which it is known whether the step changes their fields. */
const MAX_STREAMS = 256;
/** Values that mean nothing by themselves; a step that changes one does so for the name of its field. */
const PROBE: Record<"string" | "int" | "float", Value> = { string: "probe", int: 7, float: 7.5 };
/** Position fields that no step changes. */
const OWN_POSITION = "log.offset";

/** A last step that leaves most lines alone: which ones, and whether it leaves alone what does not come from the line. */
export class LastStep {
  readonly screen: Screen;
  readonly #step: Step;
  readonly #known = new Map<string, boolean>();

  constructor(step: Step, screen: Screen) {
    this.#step = step;
    this.screen = screen;
  }

  /**
   * The plan for the steps before it. Lines go the plain way if the step would change what they set, or change a capture
   * for the name of its field.
   */
  adapt(plan: ParsePlan): ParsePlan {
    const patterns = plan.patterns.map((pattern) => {
      const captures = pattern.captures.map(({ field, type }) => [field, PROBE[type]]);
      const fields: Event = Object.fromEntries([...captures, ...pattern.constants]);
      return this.#changes(fields) ? { ...pattern, plain: true } : pattern;
    });
    return { ...plan, patterns };
  }

  /** Whether the step changes fields of this stream. */
  changes({ fields, positionField }: StreamInfo): boolean {
    const key = JSON.stringify([fields, positionField]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_STREAMS) this.#known.clear();
    const changes = (positionField !== undefined && positionField !== OWN_POSITION) || this.#changes(fields);
    this.#known.set(key, changes);
    return changes;
  }

  #changes(fields: Event): boolean {
    const event = structuredClone({ message: "probe", ...fields });
    const before = JSON.stringify(event);
    const result = this.#step.apply(event, { now: 0, tally: newTally() });
    return result === null || JSON.stringify(result) !== before;
  }
}
