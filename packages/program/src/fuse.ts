import type { ParsePlan, PlanConstant, PlanPattern, Screen, StreamInfo } from "@sluice/core";
import { compileKernel, type KernelFamily } from "@sluice/kernel";
import { leadingScreen } from "./leading-screen.ts";
import { ScreenedStep } from "./screened-step.ts";
import type { Stages } from "./stages.ts";

/** The line as it is, for pipelines that parse nothing. */
const WHOLE_LINE: PlanPattern = { source: "\\A", captures: [], constants: [] };

/** What a pipeline needs to run in kernels. */
export interface Fused {
  /** One a sink, in the order of the sinks. */
  readonly kernels: readonly KernelFamily[];
  readonly screens: Screens;
}

/** A step that leaves most lines alone, and whether it does so whatever they are. */
type Screened = Pick<ScreenedStep, "screen" | "changesStream" | "changesPattern">;

/** The steps of a pipeline that only change or drop lines that they can name. */
export class Screens {
  readonly #steps: readonly Screened[];

  constructor(steps: readonly Screened[]) {
    this.#steps = steps;
  }

  /** Where the lines start that have to go the plain way, in ascending order. */
  suspects(data: Uint8Array<ArrayBuffer>): readonly number[] {
    const [first, ...others] = this.#steps;
    const found = first?.screen.suspects(data) ?? [];
    if (others.length === 0) return found;
    const all = new Set([...found, ...others.flatMap(({ screen }) => screen.suspects(data))]);
    return [...all].sort((a, b) => a - b);
  }

  /** Whether all lines of a stream have to go the plain way, because of its fields. */
  changeStream(stream: StreamInfo): boolean {
    return this.#steps.some((step) => step.changesStream(stream));
  }
}

/** The kernels of a pipeline, or null where one of its parts cannot say how to do its work on bytes. */
export function fuse({ steps, sinks }: Stages, stamp: boolean): Fused | null {
  const middle = sinks.length === 0 ? null : planOf(steps);
  if (!middle) return null;
  const kernels: KernelFamily[] = [];
  for (const { encoder, when } of sinks) {
    if (when || !encoder.template) return null;
    const kernel = compileKernel({ plan: middle.plan, stamp, templateFor: encoder.template.bind(encoder) });
    if ("unplannable" in kernel) return null;
    kernels.push(kernel);
  }
  return { kernels, screens: new Screens(middle.screened) };
}

interface Middle {
  readonly plan: ParsePlan;
  readonly screened: readonly Screened[];
}

/** A step under a condition that holds for no line but those that the screen names. */
function underCondition(screen: Screen): Screened {
  return { screen, changesStream: () => false, changesPattern: () => false };
}

/**
 * One plan for all steps: at most one that parses, first, then any that set constants or screen lines. Conditions may
 * only be about how lines begin.
 */
function planOf(steps: Stages["steps"]): Middle | null {
  const constants: PlanConstant[] = [];
  const screened: Screened[] = [];
  let parse: ParsePlan = { patterns: [WHOLE_LINE] };
  for (const [index, { step, condition }] of steps.entries()) {
    const leading = condition === undefined ? undefined : leadingScreen(condition);
    if (leading === null) return null;
    const screen = step.screen?.();
    if (leading) screened.push(underCondition(leading));
    else if (step.constants) constants.push(...step.constants);
    else if (screen) screened.push(new ScreenedStep(step, screen, parse.patterns, [...constants]));
    else if (index === 0 && step.plan) parse = step.plan;
    else return null;
  }
  const patterns = parse.patterns.map((pattern) => {
    const whole = { ...pattern, constants: [...pattern.constants, ...constants] };
    return screened.some((step) => step.changesPattern(pattern)) ? { ...whole, plain: true } : whole;
  });
  return { plan: { ...parse, patterns }, screened };
}
