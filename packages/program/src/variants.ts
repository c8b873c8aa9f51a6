import { KEPT_STREAMS, RecentCache, type Step, type StreamInfo } from "@sluice/core";
import { fieldsOf } from "@sluice/expression";
import { type Fused, fuse } from "./fuse.ts";
import { leadingScreen } from "./leading-screen.ts";
import type { Stages } from "./stages.ts";

/** Fields that differ from line to line. */
const OF_THE_LINE: readonly string[] = ["@timestamp", "message", "event.id", "tags"];

type Stage = Stages["steps"][number];

/**
 * The kernels of a pipeline, by stream: a step whose condition only looks at what the stream's events have in common is
 * one without a condition for it, or none at all.
 */
export class Variants {
  readonly #stages: Stages;
  readonly #stamp: boolean;
  readonly #hasConditions: boolean;
  readonly #known = new Map<string, Fused | null>();
  readonly #byStream = new RecentCache<{ readonly fused: Fused | null }>(KEPT_STREAMS);

  constructor(stages: Stages, stamp: boolean) {
    this.#stages = stages;
    this.#stamp = stamp;
    this.#hasConditions = stages.steps.some(({ when }) => when !== undefined);
  }

  /** Null when the stream has to go the plain way. */
  of(stream: StreamInfo): Fused | null {
    if (!this.#hasConditions) return this.#fuse(this.#stages.steps);
    const key = JSON.stringify([stream.fields, stream.positionField]);
    return this.#byStream.get(key, () => ({ fused: this.#choose(stream) })).fused;
  }

  /** Whether any stream may come to have kernels. */
  get isPossible(): boolean {
    return this.#hasConditions || this.#fuse(this.#stages.steps) !== null;
  }

  #choose(stream: StreamInfo): Fused | null {
    const steps = applying(this.#stages.steps, stream);
    return steps && this.#fuse(steps);
  }

  #fuse(steps: readonly Stage[]): Fused | null {
    const key = steps.map((step) => this.#stages.steps.findIndex(({ step: own }) => own === step.step)).join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fused = fuse({ ...this.#stages, steps }, this.#stamp);
    this.#known.set(key, fused);
    return fused;
  }
}

/** The steps that apply to lines of a stream, as far as these need not be looked at; null when they must be. */
function applying(steps: readonly Stage[], { fields, positionField }: StreamInfo): Stage[] | null {
  const changing = new Set([...OF_THE_LINE, ...(positionField === undefined ? [] : [positionField])]);
  const chosen: Stage[] = [];
  for (const stage of steps) {
    const { step, when, condition } = stage;
    const leads = condition !== undefined && leadingScreen(condition) !== null;
    if (condition !== undefined && !leads) {
      if (fieldsOf(condition).some((field) => isAmong(changing, field))) return null;
      if (!when?.({ ...fields })) continue;
    }
    chosen.push(leads ? stage : { ...stage, when: undefined, condition: undefined });
    // Steps that screen lines, or look at how these begin, leave alone those that stay in the kernel.
    for (const field of leads ? [] : writtenBy(step)) changing.add(field);
  }
  return chosen;
}

/** A field, or an object that it is a part of, or a part of it. */
function isAmong(changing: ReadonlySet<string>, field: string): boolean {
  return [...changing].some(
    (other) => other === field || field.startsWith(`${other}.`) || other.startsWith(`${field}.`),
  );
}

function writtenBy({ plan, constants }: Step): string[] {
  const patterns = plan?.patterns ?? [];
  const all = [...(constants ?? []), ...patterns.flatMap((pattern) => pattern.constants)];
  return [...all.map(([name]) => name), ...patterns.flatMap(({ captures }) => captures.map(({ field }) => field))];
}
