// RFC 3339 text is how time travels in events; these read and write it without `Date` objects where that is fast.

const pad2 = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

/** Milliseconds since the epoch and the nanoseconds within that millisecond. */
export interface Instant {
  readonly ms: number;
  readonly ns: number;
}

/** RFC 3339 in UTC with 3 fractional digits, or 6 or 9 when there are finer ones. Empty outside years 0 to 9999. */
export function formatInstant(ms: number, ns = 0): string {
  if (!(ms >= -62_167_219_200_000 && ms <= 253_402_300_799_999)) return "";
  const text = new Date(ms).toISOString();
  if (ns === 0) return text;
  const fine = String(ns).padStart(6, "0");
  return `${text.slice(0, -1)}${fine.endsWith("000") ? fine.slice(0, 3) : fine}Z`;
}

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?\s?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?$/;

/** Reads RFC 3339 and ISO 8601 text; without a zone it is taken as `defaultOffsetMinutes` east of UTC. Null when it is none. */
export function parseRfc3339(text: string, defaultOffsetMinutes = 0): Instant | null {
  const m = RFC3339.exec(text);
  if (!m) return null;
  const [year, month, day, hour, minute, second] = [m[1], m[2], m[3], m[4], m[5], m[6]].map(Number) as number[];
  const utc = utcMs(year as number, month as number, day as number, hour as number, minute as number, second as number);
  if (utc === null) return null;
  const fraction = (m[7] ?? "").padEnd(9, "0");
  const offset = m[8]
    ? 0
    : m[9]
      ? (m[9] === "-" ? -1 : 1) * (Number(m[10]) * 60 + Number(m[11] ?? 0))
      : defaultOffsetMinutes;
  return { ms: utc - offset * 60_000 + Number(fraction.slice(0, 3)), ns: Number(fraction.slice(3)) };
}

/** Milliseconds since the epoch of a UTC date, or null when there is no such date. A leap second counts as the next second. */
export function utcMs(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | null {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return null;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(ms);
  if (year < 100) date.setUTCFullYear(year);
  if (new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDate() !== day) return null;
  return date.getTime();
}

/** `YYYY-MM-DD HH:MM:SS` of an instant in UTC, for names and logs. */
export function formatSeconds(ms: number): string {
  const d = new Date(ms);
  return `${d.getUTCFullYear()}-${pad2(d.getUTCMonth() + 1)}-${pad2(d.getUTCDate())} ${pad2(d.getUTCHours())}:${pad2(d.getUTCMinutes())}:${pad2(d.getUTCSeconds())}`;
}
