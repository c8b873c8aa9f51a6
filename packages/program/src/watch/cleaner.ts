import { type Event, newTally, type ProgramSpec, type Registry, type Step } from "@sluice/core";

/** Returns an event without secrets, as a copy, or null when it must not be shown. */
export type Clean = (event: Event) => Event | null;

/** What takes secrets out of events that somebody looks at. */
export interface Cleaner {
  /** For events anywhere in the pipeline. */
  readonly anywhere: Clean;
  /** For events that have gone through all steps. */
  readonly kept: Clean;
}

/**
 * Events are shown only after the default sanitizer, whatever the pipeline says. Where that is its last step, events
 * behind the steps have been through it; only elsewhere is another one made, when it is first needed.
 */
export async function createCleaner(
  { pipeline, hostname, patterns }: ProgramSpec,
  registry: Registry,
): Promise<Cleaner> {
  const definition = await registry.step("sanitize");
  let step: Step | undefined;
  const anywhere: Clean = (event) => {
    const { name, baseDir } = pipeline;
    const context = { name: "tap", pipeline: name, baseDir, hostname, patterns, warn: () => {} };
    step ??= definition.create(definition.options.parse("default"), context);
    return step.apply(structuredClone(event), { now: 0, tally: newTally() });
  };
  const last = pipeline.steps.at(-1);
  const isClean = last?.type === "sanitize" && last.options === "default" && last.when === undefined;
  return { anywhere, kept: isClean ? (event) => event : anywhere };
}
