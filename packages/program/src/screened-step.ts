import {
  type Event,
  KEPT_STREAMS,
  newTally,
  type PlanConstant,
  type PlanPattern,
  RecentCache,
  type Screen,
  type Step,
  type StreamInfo,
  type Value,
} from "@sluice/core";

/** Values that mean nothing by themselves; a step that changes one does so for the name of its field. */
const PROBE: Record<"string" | "int" | "float", Value> = { string: "probe", int: 7, float: 7.5 };
/** Position fields that no step changes. */
const OWN_POSITION = "log.offset";

/**
 * A step that leaves most lines alone: which ones, and whether it leaves alone what does not come from the line: the
 * stream's fields, and what the parser and the steps before it set.
 */
export class ScreenedStep {
  readonly screen: Screen;
  readonly #step: Step;
  readonly #patterns: readonly PlanPattern[];
  readonly #constants: readonly PlanConstant[];
  /** Whether the step changes fields of a stream. */
  readonly #known = new RecentCache<boolean>(KEPT_STREAMS);

  /** @param constants what the steps before it set, besides the patterns. */
  constructor(step: Step, screen: Screen, patterns: readonly PlanPattern[], constants: readonly PlanConstant[]) {
    this.screen = screen;
    this.#step = step;
    this.#patterns = patterns;
    this.#constants = constants;
  }

  /** Whether the step would change what a match of the pattern sets, or a capture for the name of its field. */
  changesPattern(pattern: PlanPattern): boolean {
    return this.#changes(this.#fieldsOf(pattern, {}));
  }

  /** Whether it changes fields of this stream, or what is set only because of them. */
  changesStream({ fields, positionField }: StreamInfo): boolean {
    return this.#known.get(
      JSON.stringify([fields, positionField]),
      () =>
        (positionField !== undefined && positionField !== OWN_POSITION) ||
        // Lines of the patterns that it changes by themselves go the plain way in any case.
        this.#patterns.some((p) => !this.changesPattern(p) && this.#changes(this.#fieldsOf(p, fields))),
    );
  }

  #fieldsOf({ captures, constants }: PlanPattern, streamFields: Event): Event {
    const captured = captures.map(({ field, type }) => [field, PROBE[type]]);
    return { ...streamFields, ...Object.fromEntries([...captured, ...constants, ...this.#constants]) };
  }

  #changes(fields: Event): boolean {
    const event = structuredClone({ message: "probe", ...fields });
    const before = JSON.stringify(event);
    const result = this.#step.apply(event, { now: 0, tally: newTally() });
    return result === null || JSON.stringify(result) !== before;
  }
}
