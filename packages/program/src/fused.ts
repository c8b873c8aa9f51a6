import { isUtf8 } from "node:buffer";
import {
  newTally,
  type ParsePlan,
  type PlanConstant,
  type PlanPattern,
  type Program,
  type ProgramInput,
  type ProgramOutput,
} from "@sluice/core";
import { compileKernel, type Kernel, type KernelFamily } from "@sluice/kernel";
import { Frames } from "./frames.ts";
import { LastStep } from "./last-step.ts";
import { mayHoldEvents } from "./own-event.ts";
import type { PlainProgram } from "./plain.ts";
import { lineAt } from "./records.ts";
import type { Stages } from "./stages.ts";

/** The line as it is, for pipelines that parse nothing. */
const WHOLE_LINE: PlanPattern = { source: "\\A", captures: [], constants: [] };

/** Runs whole batches in the kernel, and what the kernel hands back in the plain program. */
export class FusedProgram implements Program {
  readonly spread;
  readonly #plain: PlainProgram;
  readonly #kernels: KernelFamily;
  readonly #last: LastStep | null;
  readonly #frames = [new Frames()];

  constructor(plain: PlainProgram, { kernels, last }: Fused) {
    this.#plain = plain;
    this.#kernels = kernels;
    this.#last = last;
    this.spread = plain.spread;
  }

  run(input: ProgramInput, progress?: Int32Array): ProgramOutput {
    // Records that hung once, or that are no lines, are rare enough for the plain way.
    if (input.framing.kind !== "lines" || input.skip || mayHoldEvents(input)) return this.#plain.run(input, progress);
    const kernel = this.#kernels.forStream(input.stream);
    if ("unplannable" in kernel || this.#last?.changes(input.stream)) return this.#plain.run(input, progress);
    return this.#runKernel(kernel, input, input.framing.base, progress);
  }

  #runKernel(kernel: Kernel, input: ProgramInput, base: number, progress: Int32Array | undefined): ProgramOutput {
    const { data, now } = input;
    const tally = newTally();
    const run = { now, tally };
    const stops = this.#last?.screen.suspects(data) ?? [];
    kernel.begin({ data, base, now, validUtf8: isUtf8(data), stops });
    for (let at = kernel.next(); at !== -1; at = kernel.next()) {
      if (progress) progress[0] = kernel.lines + tally.in;
      const line = lineAt(data, at);
      tally.inBytes += line.bytes;
      this.#plain.runRecord(input, line.text, base + at, this.#frames, run);
      const frame = this.#frames[0]?.take();
      if (frame) kernel.append(frame.bytes);
    }
    tally.in += kernel.lines;
    tally.kept += kernel.lines;
    tally.inBytes += kernel.lineBytes;
    const output = kernel.take();
    return { outputs: [output.ends.length === 0 ? null : output], tally };
  }
}

/** What a pipeline needs to run in kernels. */
export interface Fused {
  readonly kernels: KernelFamily;
  /** The last step when it only looks for lines that it might change. */
  readonly last: LastStep | null;
}

/** The kernels of a pipeline, or null where one of its parts cannot say how to do its work on bytes. */
export function fuse({ steps, sinks }: Stages, stamp: boolean): Fused | null {
  const [sink, ...others] = sinks;
  if (!sink || others.length > 0 || sink.when || !sink.encoder.template) return null;
  const screened = steps.at(-1)?.step.screen === undefined ? undefined : steps.at(-1);
  const plan = screened?.when ? null : planOf(screened ? steps.slice(0, -1) : steps);
  if (!plan) return null;
  const screen = screened?.step.screen?.() ?? null;
  if (screened && !screen) return null;
  const last = screened && screen ? new LastStep(screened.step, screen) : null;
  const template = sink.encoder.template.bind(sink.encoder);
  const kernels = compileKernel({ plan: last?.adapt(plan) ?? plan, stamp, templateFor: template });
  return "unplannable" in kernels ? null : { kernels, last };
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
