import type { ParsePlan, PlanConstant, PlanPattern } from "@sluice/core";
import { compileKernel, type KernelFamily } from "@sluice/kernel";
import { LastStep } from "./last-step.ts";
import type { Stages } from "./stages.ts";

/** The line as it is, for pipelines that parse nothing. */
const WHOLE_LINE: PlanPattern = { source: "\\A", captures: [], constants: [] };

/** What a pipeline needs to run in kernels. */
export interface Fused {
  /** One a sink, in the order of the sinks. */
  readonly kernels: readonly KernelFamily[];
  /** The last step when it only looks for lines that it might change. */
  readonly last: LastStep | null;
}

/** The kernels of a pipeline, or null where one of its parts cannot say how to do its work on bytes. */
export function fuse({ steps, sinks }: Stages, stamp: boolean): Fused | null {
  const screened = steps.at(-1)?.step.screen === undefined ? undefined : steps.at(-1);
  const plan = screened?.when ? null : planOf(screened ? steps.slice(0, -1) : steps);
  if (!plan || sinks.length === 0) return null;
  const screen = screened?.step.screen?.() ?? null;
  if (screened && !screen) return null;
  const last = screened && screen ? new LastStep(screened.step, screen) : null;
  const kernels = kernelsOf(sinks, last?.adapt(plan) ?? plan, stamp);
  return kernels && { kernels, last };
}

function kernelsOf(sinks: Stages["sinks"], plan: ParsePlan, stamp: boolean): KernelFamily[] | null {
  const kernels: KernelFamily[] = [];
  for (const { encoder, when } of sinks) {
    if (when || !encoder.template) return null;
    const kernel = compileKernel({ plan, stamp, templateFor: encoder.template.bind(encoder) });
    if ("unplannable" in kernel) return null;
    kernels.push(kernel);
  }
  return kernels;
}

/** One plan for all steps: at most one that parses, first, then any that set constants. */
function planOf(steps: Stages["steps"]): ParsePlan | null {
  const constants: PlanConstant[] = [];
  let plan: ParsePlan | undefined;
  for (const [index, { step, when }] of steps.entries()) {
    if (when) return null;
    if (step.constants) constants.push(...step.constants);
    else if (index === 0 && step.plan) plan = step.plan;
    else return null;
  }
  const { patterns, ...rest } = plan ?? { patterns: [WHOLE_LINE] };
  return { ...rest, patterns: patterns.map((p) => ({ ...p, constants: [...p.constants, ...constants] })) };
}
