import { SluiceError } from "./errors.ts";

/** A time zone: turns wall-clock times, which logs without an offset carry, into instants. */
export interface Zone {
  readonly name: string;
  /**
   * Milliseconds since the epoch of a wall-clock time, given as if it were UTC. A time that a clock change skipped is
   * read with the offset before the change, one that happens twice as its first occurrence (Temporal's "compatible").
   */
  readonly toUtc: (wallMs: number) => number;
}

/** Clock changes happen at multiples of this. */
const BUCKET_MS = 900_000;
const DAY_MS = 86_400_000;
const CACHED_BUCKETS = 4096;

const utc: Zone = { name: "UTC", toUtc: (wallMs) => wallMs };

/**
 * The zone of a name: `UTC`, `local` (this machine's), an offset (`+02:00`), or an IANA name (`Europe/Berlin`).
 * @throws SluiceError for a name that is none of these.
 */
export function timeZone(name: string): Zone {
  if (/^(?:utc|gmt|z)$/i.test(name)) return utc;
  const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(name);
  if (fixed) {
    const offset = (fixed[1] === "-" ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3])) * 60_000;
    return { name, toUtc: (wallMs) => wallMs - offset };
  }
  if (name === "local") return changing(name, (ms) => -new Date(ms).getTimezoneOffset() * 60_000);
  return changing(name, cached(ianaOffset(name)));
}

function changing(name: string, offsetAt: (utcMs: number) => number): Zone {
  return {
    name,
    toUtc: (wallMs) => {
      if (!Number.isFinite(wallMs)) return wallMs;
      const before = offsetAt(wallMs - DAY_MS);
      const after = offsetAt(wallMs + DAY_MS);
      if (before === after || offsetAt(wallMs - before) === before) return wallMs - before;
      return offsetAt(wallMs - after) === after ? wallMs - after : wallMs - before;
    },
  };
}

function ianaOffset(name: string): (utcMs: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (error) {
    throw new SluiceError("SLUICE_CONFIG", `"${name}" is not a time zone`, {
      written: name,
      hint: "write UTC, local, an offset as +02:00, or a name as Europe/Berlin",
      cause: error,
    });
  }
  return (utcMs) => {
    const part = format.formatToParts(utcMs).find((p) => p.type === "timeZoneName");
    const m = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(part?.value ?? "");
    if (!m) return 0;
    const seconds = Number(m[2]) * 3600 + Number(m[3]) * 60 + Number(m[4] ?? 0);
    return (m[1] === "-" ? -1 : 1) * seconds * 1000;
  };
}

/** Asking Intl takes microseconds; log times cluster, so the answers of recent quarter hours are kept. */
function cached(offsetAt: (utcMs: number) => number): (utcMs: number) => number {
  const known = new Map<number, number>();
  return (utcMs) => {
    const bucket = Math.floor(utcMs / BUCKET_MS);
    let offset = known.get(bucket);
    if (offset === undefined) {
      offset = Math.abs(utcMs) > 8.64e15 ? 0 : offsetAt(utcMs);
      if (known.size >= CACHED_BUCKETS) known.clear();
      known.set(bucket, offset);
    }
    return offset;
  };
}
