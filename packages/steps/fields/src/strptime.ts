import { type Instant, monthNumber, nearestPast, SluiceError, utcMs, type Zone } from "@sluice/core";

// `%d/%b/%Y:%H:%M:%S %z` as C's strptime has it, with Fluent Bit's `%L` for fractions of a second.

/** What a directive matches and which part of the time it is. */
const DIRECTIVES: Readonly<Record<string, readonly [pattern: string, part?: keyof Parts]>> = {
  Y: ["\\d{4}", "year"],
  y: ["\\d\\d", "shortYear"],
  m: ["\\d{1,2}", "month"],
  b: ["[A-Za-z]{3,9}", "monthName"],
  B: ["[A-Za-z]{3,9}", "monthName"],
  h: ["[A-Za-z]{3,9}", "monthName"],
  d: [" ?\\d{1,2}", "day"],
  e: [" ?\\d{1,2}", "day"],
  j: ["\\d{1,3}", "dayOfYear"],
  H: [" ?\\d{1,2}", "hour"],
  k: [" ?\\d{1,2}", "hour"],
  I: [" ?\\d{1,2}", "hour12"],
  l: [" ?\\d{1,2}", "hour12"],
  M: ["\\d{1,2}", "minute"],
  S: ["\\d{1,2}", "second"],
  L: ["\\d{1,9}", "fraction"],
  f: ["\\d{1,9}", "fraction"],
  N: ["\\d{1,9}", "fraction"],
  p: ["[AaPp]\\.?[Mm]\\.?", "half"],
  P: ["[AaPp]\\.?[Mm]\\.?", "half"],
  z: ["[Zz]|[+-]\\d\\d(?::?\\d\\d)?", "offset"],
  Z: ["UTC|GMT|Z", "utc"],
  s: ["-?\\d{1,12}", "epoch"],
  a: ["[A-Za-z]{3,9}"],
  A: ["[A-Za-z]{3,9}"],
  n: ["\\s+"],
  t: ["\\s+"],
  "%": ["%"],
};
const SHORTHANDS: Readonly<Record<string, string>> = { T: "%H:%M:%S", R: "%H:%M", F: "%Y-%m-%d", D: "%m/%d/%y" };
const DAY_MS = 86_400_000;

interface Parts {
  year: string;
  shortYear: string;
  month: string;
  monthName: string;
  day: string;
  dayOfYear: string;
  hour: string;
  hour12: string;
  minute: string;
  second: string;
  fraction: string;
  half: string;
  offset: string;
  utc: string;
  epoch: string;
}

type Read = Partial<Parts>;
/** Reads a time; null when the text is none of the format. */
export type TimeFormat = (text: string, now: number, zone: Zone) => Instant | null;

/** Compiles a strptime format. Throws SluiceError for an unknown directive. */
export function strptime(format: string): TimeFormat {
  const parts: (keyof Parts)[] = [];
  const source = expand(format).replace(/%:?(.)|\s+|([^%\s]+)/gs, (token, directive?: string, literal?: string) => {
    if (literal !== undefined) return literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    if (directive === undefined) return "\\s*";
    const [pattern, part] = known(directive, token, format);
    if (part === undefined) return `(?:${pattern})`;
    parts.push(part);
    return `(${pattern})`;
  });
  const regexp = new RegExp(`^\\s*${source}\\s*$`);
  // As in `%SZ`: the Z says that the time is UTC, although it is written as plain text.
  const endsInUtc = /(?:%[SLfNT])Z$/.test(format);
  return (text, now, zone) => {
    const m = regexp.exec(text);
    if (!m) return null;
    const read: Read = {};
    for (const [index, part] of parts.entries()) read[part] = (m[index + 1] as string).trim();
    return instantOf(read, now, endsInUtc ? { name: "UTC", toUtc: (wallMs) => wallMs } : zone);
  };
}

function expand(format: string): string {
  return format.replace(/%([TRFD])/g, (_, name: string) => SHORTHANDS[name] as string);
}

function known(directive: string, token: string, format: string): readonly [string, (keyof Parts)?] {
  const found = Object.hasOwn(DIRECTIVES, directive) ? DIRECTIVES[directive] : undefined;
  if (found) return found;
  throw new SluiceError("SLUICE_CONFIG", `time format "${format}": there is no ${token}`, {
    hint: `known are ${Object.keys({ ...DIRECTIVES, ...SHORTHANDS })
      .map((name) => `%${name}`)
      .join(" ")}`,
  });
}

function instantOf(read: Read, now: number, zone: Zone): Instant | null {
  const fraction = (read.fraction ?? "").padEnd(9, "0");
  const add = (ms: number | null): Instant | null =>
    ms === null ? null : { ms: ms + Number(fraction.slice(0, 3)), ns: Number(fraction.slice(3)) };
  if (read.epoch !== undefined) return add(Number(read.epoch) * 1000);
  const clock = clockMs(read);
  if (clock === null) return null;
  const toUtc = read.utc !== undefined ? (ms: number) => ms : (offsetZone(read.offset) ?? zone.toUtc);
  const at = (dayMs: number | null): number | null => (dayMs === null ? null : toUtc(dayMs + clock));
  const year = yearOf(read);
  if (year !== undefined) return add(at(dayOf(read, year)));
  if (hasDay(read)) return add(nearestPast((candidate) => at(dayOf(read, candidate)), now));
  // Only a time of day: the latest such time that is not more than a day ahead would be tomorrow's, so take today's.
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const ms = at(today);
  return add(ms !== null && ms > now + DAY_MS / 2 ? at(today - DAY_MS) : ms);
}

function clockMs(read: Read): number | null {
  let hour = Number(read.hour ?? 0);
  if (read.hour12 !== undefined) {
    const twelve = Number(read.hour12);
    if (twelve < 1 || twelve > 12) return null;
    hour = (twelve % 12) + (/^p/i.test(read.half ?? "") ? 12 : 0);
  }
  return utcMs(1970, 1, 1, hour, Number(read.minute ?? 0), Number(read.second ?? 0));
}

function yearOf(read: Read): number | undefined {
  if (read.year !== undefined) return Number(read.year);
  if (read.shortYear === undefined) return undefined;
  const short = Number(read.shortYear);
  return short + (short < 69 ? 2000 : 1900);
}

function hasDay(read: Read): boolean {
  return read.month !== undefined || read.monthName !== undefined || read.dayOfYear !== undefined;
}

function dayOf(read: Read, year: number): number | null {
  if (read.dayOfYear !== undefined) {
    const start = utcMs(year, 1, 1, 0, 0, 0);
    const ms = start === null ? null : start + (Number(read.dayOfYear) - 1) * DAY_MS;
    return ms !== null && new Date(ms).getUTCFullYear() === year ? ms : null;
  }
  const month = read.monthName !== undefined ? monthNumber(read.monthName) : Number(read.month ?? 1);
  return utcMs(year, month, Number(read.day ?? 1), 0, 0, 0);
}

function offsetZone(text: string | undefined): ((ms: number) => number) | undefined {
  if (text === undefined) return undefined;
  const m = /^([+-])(\d\d):?(\d\d)?$/.exec(text);
  const offset = m ? (m[1] === "-" ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3] ?? 0)) * 60_000 : 0;
  return (ms) => ms - offset;
}
