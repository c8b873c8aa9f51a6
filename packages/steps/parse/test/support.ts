import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Event, newTally, type PatternFiles, type Step, type StepContext, type Value } from "@sluice/core";
import { parseStep } from "@sluice/step-parse";

export const PATTERN_DIR = join(import.meta.dirname, "../../../../grok-patterns");
export const NOW = Date.UTC(2026, 10, 21, 12);

/** The built-in grok patterns, as the CLI reads them. */
export function patternFiles(): PatternFiles {
  const names = readdirSync(PATTERN_DIR, { withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(PATTERN_DIR, name), "utf8")]));
}

const context: StepContext = {
  name: "steps[0]",
  pipeline: "test",
  baseDir: ".",
  hostname: "here",
  patterns: patternFiles(),
  warn: () => undefined,
};

export function createParse(options: unknown): Step {
  return parseStep.create(parseStep.options.parse(options), context);
}

/** Options of a named parser that reads times without a zone as UTC, wherever the test runs. */
export function inUtc(parser: string): Value {
  return { parser, timezone: "UTC" };
}

export function apply(step: Step, input: string | Event, now = NOW): Event {
  const event: Event = typeof input === "string" ? { message: input } : input;
  return step.apply(event, { now, tally: newTally() }) as Event;
}

export function parse(options: unknown, input: string | Event, now = NOW): Event {
  return apply(createParse(options), input, now);
}

export function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
