import { parseDuration, parseRate } from "@sluice/core";
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

/** Events a second given on the command line. */
export function rateArgument(text: string): number {
  const rate = readRate(text);
  if (!(rate > 0)) throw new InvalidArgumentError("write it like 5000/s or 100/m.");
  return rate;
}

function readRate(text: string): number {
  try {
    return parseRate(text);
  } catch {
    return Number.NaN;
  }
}

/** A number of worker threads given on the command line. */
export function workersArgument(text: string): number | "auto" {
  if (text === "auto") return "auto";
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("give a number from 0 to 99, or auto.");
  return Number(text);
}

/** Gathers the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
