import { type Event, newTally, type Step, type StepContext, type Tally } from "@sluice/core";
import { sanitizeStep } from "../src/step.ts";

const context: StepContext = {
  name: "steps[0]",
  pipeline: "test",
  baseDir: ".",
  hostname: "here",
  patterns: {},
  warn: () => undefined,
};

export const NOW = Date.UTC(2026, 0, 1);

/** The step with these options, as a pipeline file gives them. */
export function step(options: unknown): Step {
  return sanitizeStep.create(sanitizeStep.options.parse(options), context);
}

/** Puts an event through the step. */
export function apply(target: Step, event: Event): { event: Event | null; tally: Tally } {
  const tally = newTally();
  return { event: target.apply(event, { now: NOW, tally }), tally };
}
