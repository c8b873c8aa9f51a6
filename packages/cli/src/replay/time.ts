import { parseDuration, parseIso, type TimeWindow, timeZone } from "@sluice/core";
import { InvalidArgumentError } from "commander";

const DATE = /^\d{4}-\d\d-\d\d$/;

/**
 * A time given on the command line, in milliseconds since the epoch: RFC 3339, a date, or a duration before `now`. Without
 * a zone it is local, as on every command line.
 */
export function timeArgument(text: string, now = Date.now()): number {
  const instant = parseIso(DATE.test(text) ? `${text}T00:00:00` : text, timeZone("local"));
  const time = instant?.ms ?? ago(text, now);
  if (time !== null) return time;
  throw new InvalidArgumentError("write 2026-01-31T12:00:00Z, 2026-01-31, or 2h for two hours ago.");
}

function ago(text: string, now: number): number | null {
  try {
    return now - parseDuration(text);
  } catch {
    return null;
  }
}

/** The window of `--since` and `--until`; undefined when neither is given. */
export function windowOf({ since, until }: { since?: number; until?: number }): TimeWindow | undefined {
  if (since === undefined && until === undefined) return undefined;
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
}
