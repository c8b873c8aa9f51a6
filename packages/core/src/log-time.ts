import { formatInstant, type Instant, parseRfc3339, utcMs } from "./time.ts";
import type { Zone } from "./zone.ts";

// The times that logs carry: Apache's and nginx's (CLF), syslog's year-less one, ISO 8601, the epoch.

const MONTHS: Readonly<Record<string, number>> = {
  jan: 1,
  feb: 2,
  mar: 3,
  apr: 4,
  may: 5,
  jun: 6,
  jul: 7,
  aug: 8,
  sep: 9,
  oct: 10,
  nov: 11,
  dec: 12,
};

/** Number of a month from its English name or abbreviation, 0 when it is none. */
export function monthNumber(name: string): number {
  return MONTHS[name.slice(0, 3).toLowerCase()] ?? 0;
}

/** A year-less date may lie this far in the future: clocks differ, and zones are sometimes not what one thinks. */
export const FUTURE_TOLERANCE_MS = 86_400_000;
const CLF = /^(\d{1,2})\/([A-Za-z]{3})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?: ?(?:([+-])(\d\d):?(\d\d)|Z))?$/;
const SYSLOG =
  /^(?:[A-Za-z]{3},? )?([A-Za-z]{3}) +(\d{1,2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: (\d{4}))?:?$/;
const SLASHED = /^(\d{4})\/(\d\d)\/(\d\d)([ T]\S+)$/;
const EPOCH = /^(\d{9,19})(?:\.(\d{1,9}))?$/;

/** Reads `10/Jan/2017:13:06:27 -0300`; `zone` is for texts without offset. Null when it is no such time. */
export function parseClf(text: string, zone: Zone): Instant | null {
  const m = CLF.exec(text);
  if (!m) return null;
  const month = monthNumber(m[2] as string);
  const wall = utcMs(Number(m[3]), month, Number(m[1]), Number(m[4]), Number(m[5]), Number(m[6]));
  if (wall === null) return null;
  const offset = m[8] ? (m[8] === "-" ? -1 : 1) * (Number(m[9]) * 60 + Number(m[10])) * 60_000 : 0;
  const hasZone = m[8] !== undefined || text.endsWith("Z");
  return withFraction(hasZone ? wall - offset : zone.toUtc(wall), m[7]);
}

/**
 * Reads syslog's `Dec  6 03:11:19` (also with a year). Without a year it is the latest such date that is not more than
 * a day after `now`, so New Year and leap days come out right. Null when it is no such time.
 */
export function parseSyslogTime(text: string, now: number, zone: Zone): Instant | null {
  const m = SYSLOG.exec(text);
  if (!m) return null;
  const [month, day, hour, minute, second] = [monthNumber(m[1] as string), ...[m[2], m[4], m[5], m[6]].map(Number)];
  const at = (year: number): number | null => {
    const wall = utcMs(year, month as number, day as number, hour as number, minute as number, second as number);
    return wall === null ? null : zone.toUtc(wall);
  };
  const year = m[3] ?? m[8];
  const ms = year === undefined ? nearestPast(at, now) : at(Number(year));
  return ms === null ? null : withFraction(ms, m[7]);
}

/** The latest of a yearly date's occurrences that is not more than a day after `now`; null when there never is one. */
export function nearestPast(at: (year: number) => number | null, now: number): number | null {
  const year = new Date(now).getUTCFullYear() + 1;
  // Leap days may be eight years apart, as around 1900 and 2100.
  for (let back = 0; back <= 9; back++) {
    const ms = at(year - back);
    if (ms !== null && ms <= now + FUTURE_TOLERANCE_MS) return ms;
  }
  return null;
}

/** Reads ISO 8601 and RFC 3339, also with `/` in the date as nginx's error log has it. */
export function parseIso(text: string, zone: Zone): Instant | null {
  const slashed = SLASHED.exec(text);
  const iso = slashed ? `${slashed[1]}-${slashed[2]}-${slashed[3]}${slashed[4]}` : text;
  const instant = parseRfc3339(iso);
  if (!instant) return null;
  return /(?:[Zz]|[+-]\d\d(?::?\d\d)?)$/.test(iso.slice(19)) ? instant : { ms: zone.toUtc(instant.ms), ns: instant.ns };
}

/** Reads seconds, milliseconds, microseconds or nanoseconds since the epoch: its number of digits tells which. */
export function parseEpoch(text: string): Instant | null {
  const m = EPOCH.exec(text);
  if (!m) return null;
  const digits = m[1] as string;
  const scale = digits.length <= 11 ? 0 : digits.length <= 14 ? 3 : digits.length <= 17 ? 6 : 9;
  const seconds = digits.slice(0, digits.length - scale);
  return withFraction(Number(seconds) * 1000, digits.slice(digits.length - scale) + (m[2] ?? ""));
}

/**
 * A reader of any time that this file knows, as RFC 3339 text or null. It remembers the last one: a busy log has many
 * lines a second.
 */
export function timeReader(zone: Zone): (text: string, now: number) => string | null {
  let lastText = "";
  let lastNow = Number.NaN;
  let last: string | null = null;
  return (text, now) => {
    if (text === lastText && now === lastNow) return last;
    last = read(text, now, zone);
    lastText = text;
    lastNow = now;
    return last;
  };
}

function read(text: string, now: number, zone: Zone): string | null {
  const first = text.charCodeAt(0);
  const letter = first > 0x40;
  const instant = letter
    ? parseSyslogTime(text, now, zone)
    : (parseClf(text, zone) ?? parseIso(text, zone) ?? parseEpoch(text));
  return instant === null ? null : formatInstant(instant.ms, instant.ns) || null;
}

function withFraction(ms: number, fraction: string | undefined): Instant {
  if (!fraction) return { ms, ns: 0 };
  const digits = fraction.slice(0, 9).padEnd(9, "0");
  return { ms: ms + Number(digits.slice(0, 3)), ns: Number(digits.slice(3)) };
}
