import { parseRfc3339 } from "@sluice/core";

/** Graylog takes times up to 0 for missing ones and puts its own in their place. */
export const EARLIEST = "0.001";

let cachedDay = "";
let cachedDaySeconds = 0;

/**
 * Seconds since the epoch with three decimals, as GELF wants them, of RFC 3339 text; finer digits are cut. Null when it
 * is no time, `"0.001"` when it is before Graylog's first.
 */
export function epochSeconds(text: string): string | null {
  const fast = fastSeconds(text);
  if (fast > 0) return `${fast}.${text.slice(20, 23)}`;
  const instant = parseRfc3339(text);
  if (!instant) return null;
  if (instant.ms < 1) return EARLIEST;
  return `${Math.floor(instant.ms / 1000)}.${String(instant.ms % 1000).padStart(3, "0")}`;
}

/** Whole seconds of `YYYY-MM-DDTHH:MM:SS.mmm…Z` with at most 9 decimals, the form that events have; else 0. */
function fastSeconds(text: string): number {
  const { length } = text;
  if (length < 24 || length > 30 || text.charCodeAt(19) !== 0x2e || text.charCodeAt(length - 1) !== 0x5a) return 0;
  if (text.charCodeAt(10) !== 0x54 || text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return 0;
  for (let at = 20; at < length - 1; at++) {
    if (digit(text, at) > 9) return 0;
  }
  const day = text.slice(0, 10);
  if (day !== cachedDay && !learnDay(day)) return 0;
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (hour > 23 || minute > 59 || second > 59) return 0;
  return cachedDaySeconds + hour * 3600 + minute * 60 + second;
}

function learnDay(day: string): boolean {
  const instant = parseRfc3339(`${day}T00:00:00Z`);
  if (!instant) return false;
  cachedDay = day;
  cachedDaySeconds = instant.ms / 1000;
  return true;
}

function digit(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) >>> 0;
}

/** The number at `at`, or one too large for any use when it is none. */
function twoDigits(text: string, at: number): number {
  const tens = digit(text, at);
  const ones = digit(text, at + 1);
  return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}
