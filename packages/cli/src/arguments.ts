import { parseDuration } from "@sluice/core";
import { InvalidArgumentError } from "commander";

/** A whole number ≥ 0 given on the command line. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("give a whole number.");
  return Number(text);
}

/** A duration given on the command line, in milliseconds. */
export function durationArgument(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("write it like 30s or 500ms.");
  }
}

/** Gathers the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
