import { type Event, newTally, type Step, type StepContext, type StepDefinition } from "@sluice/core";

export const NOW = Date.UTC(2017, 11, 31, 12);

const context: StepContext = {
  name: "steps[0]",
  pipeline: "test",
  baseDir: ".",
  hostname: "here",
  patterns: {},
  warn: () => undefined,
};

export function create<O>(definition: StepDefinition<O>, options: unknown): Step {
  return definition.create(definition.options.parse(options), context);
}

export function apply<O>(definition: StepDefinition<O>, options: unknown, event: Event, now = NOW): Event | null {
  return create(definition, options).apply(event, { now, tally: newTally() });
}

/** What validation says about options, or null when it takes them. */
export function complaint<O>(definition: StepDefinition<O>, options: unknown): string | null {
  const result = definition.options.safeParse(options);
  return result.success ? null : result.error.issues.map((issue) => issue.message).join("; ");
}
