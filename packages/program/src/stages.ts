import { createHash } from "node:crypto";
import {
  type AnyMemory,
  type Encoder,
  type Event,
  type ProgramSpec,
  type Registry,
  type SinkDefinition,
  SluiceError,
  type Spread,
  type Step,
  type StepContext,
  type StepSpec,
  type Value,
} from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import type { ZodType } from "zod";

/** A step with its condition. */
interface StepStage {
  readonly step: Step;
  readonly type: string;
  readonly when: ((event: Event) => boolean) | undefined;
  /** `when` as it was written. */
  readonly condition: string | undefined;
  readonly reason: string;
  /** Runs on events read back from an archive, too. */
  readonly again: boolean;
}

/** An encoder with its sink's condition. */
interface SinkStage {
  readonly encoder: Encoder;
  readonly when: ((event: Event) => boolean) | undefined;
}

/** Everything of a pipeline that a program runs, in order. */
export interface Stages {
  readonly steps: readonly StepStage[];
  readonly sinks: readonly SinkStage[];
  readonly spread: Spread;
  /** Everything that the steps remember. A name stays the same as long as its step is written the same. */
  readonly memories: ReadonlyMap<string, AnyMemory>;
}

const WIDTH: Record<Spread, number> = { any: 2, "by-stream": 1, single: 0 };

/**
 * Creates the steps and encoders of a pipeline. Throws SluiceError when one cannot be compiled.
 * @param earlier of the same pipeline: its steps that remember nothing are used again
 */
export async function compileStages(spec: ProgramSpec, registry: Registry, earlier?: Stages): Promise<Stages> {
  const steps: StepStage[] = [];
  const memories = new Map<string, AnyMemory>();
  let spread: Spread = "any";
  for (const [index, stepSpec] of spec.pipeline.steps.entries()) {
    const definition = await registry.step(stepSpec.type);
    if (WIDTH[definition.spread] < WIDTH[spread]) spread = definition.spread;
    const before = earlier?.steps[index]?.step;
    const isFresh = before !== undefined && !before.memories && !before.tick;
    const context = contextFor(spec, `steps[${index}]`);
    const step = isFresh ? before : definition.create(parseOptions(definition, stepSpec.options), context);
    const again = definition.again ?? step.skipped !== undefined;
    addMemories(memories, step, stepSpec);
    const { type } = stepSpec;
    const { when } = stepSpec;
    steps.push({ step, type, when: condition(when), condition: when, reason: step.reason ?? type, again });
  }
  const sinks: SinkStage[] = [];
  for (const sinkSpec of spec.pipeline.sinks) {
    const definition: SinkDefinition = await registry.sink(sinkSpec.type);
    const options = parseOptions(definition, sinkSpec.options);
    sinks.push({
      encoder: definition.encoder(options, contextFor(spec, sinkSpec.name)),
      when: condition(sinkSpec.when),
    });
  }
  return { steps, sinks, spread, memories };
}

/**
 * Names memories by what their step is, not by where it stands: other steps may come before it, and it still remembers.
 * With other options it is another step, and begins anew.
 */
function addMemories(
  memories: Map<string, AnyMemory>,
  { memories: own = {} }: Step,
  { type, options, when }: StepSpec,
) {
  const text = JSON.stringify([options, when ?? null]);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  for (const [part, memory] of Object.entries(own)) {
    let name = `${type}:${hash}:${part}`;
    while (memories.has(name)) name += "+";
    memories.set(name, memory);
  }
}

/** The options as the component wants them. Pipeline files were validated before; command lines were not. */
function parseOptions<O>({ type, options }: { type: string; options: ZodType<O> }, raw: Value): O {
  const result = options.safeParse(raw);
  if (result.success) return result.data;
  throw new SluiceError("SLUICE_CONFIG", `${type}: ${result.error.issues.map(({ message }) => message).join("; ")}`);
}

function condition(source: string | undefined): ((event: Event) => boolean) | undefined {
  return source === undefined ? undefined : compileExpression(source);
}

function contextFor(spec: ProgramSpec, name: string): StepContext {
  const { name: pipeline, baseDir } = spec.pipeline;
  // Warnings are for whoever validates; a worker that compiles the same again has nobody to tell.
  return { name, pipeline, baseDir, hostname: spec.hostname, patterns: spec.patterns, warn: () => {} };
}
