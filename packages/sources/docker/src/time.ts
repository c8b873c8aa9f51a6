import { parseRfc3339 } from "@sluice/core";

// Nanoseconds since the epoch are beyond 2^53: a time is two numbers here.

/** A moment as whole seconds since the epoch and the nanoseconds within them. */
export interface Moment {
  readonly sec: number;
  readonly nanos: number;
}

/** Negative when `a` is earlier than `b`, 0 when they are the same. */
export function compareMoments(a: Moment, b: Moment): number {
  return a.sec - b.sec || a.nanos - b.nanos;
}

/** Milliseconds since the epoch, with fractions. */
export function millis({ sec, nanos }: Moment): number {
  return sec * 1000 + nanos / 1e6;
}

/** The moment of so many milliseconds since the epoch. */
export function momentOf(ms: number): Moment {
  const sec = Math.floor(ms / 1000);
  return { sec, nanos: Math.floor((ms - sec * 1000) * 1e6) };
}

const YEAR_0 = -62_167_219_200;
const YEAR_10000 = 253_402_300_800;

/** Whether RFC 3339 can write it. */
export function isTime({ sec, nanos }: Moment): boolean {
  return sec >= YEAR_0 && sec < YEAR_10000 && Number.isInteger(sec) && nanos >= 0 && nanos < 1e9;
}

/** `seconds.nanoseconds`, as `since` and `until` want it. */
export function sinceText({ sec, nanos }: Moment): string {
  return `${sec}.${String(nanos).padStart(9, "0")}`;
}

/** RFC 3339 with nine fractional digits. */
export function momentText({ sec, nanos }: Moment): string {
  return `${new Date(sec * 1000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, "0")}Z`;
}

/** Reads RFC 3339; null when it is none, or the year 1 that stands for "never". */
export function readMoment(text: string | undefined): Moment | null {
  const instant = text === undefined || text.startsWith("0001-") ? null : parseRfc3339(text);
  if (!instant) return null;
  const sec = Math.floor(instant.ms / 1000);
  return { sec, nanos: (instant.ms - sec * 1000) * 1e6 + instant.ns };
}

/** Reads nanoseconds since the epoch, as text. */
export function momentOfNanos(text: string): Moment {
  const digits = text.padStart(10, "0");
  return { sec: Number(digits.slice(0, -9)), nanos: Number(digits.slice(-9)) };
}

const WINDOW_SECONDS = 4096;
const MOST_EQUAL = 2048;

/**
 * Where records lie whose positions are times: positions are integers below 2^53, so each 68 minutes have ids of their own.
 * Source of ids and positions that are the same when a log is read again.
 */
export function windowOf({ sec }: Moment): number {
  return Math.floor(sec / WINDOW_SECONDS);
}

/** Position within its window of the `count`-th (from 0) record of that moment. */
export function positionOf({ sec, nanos }: Moment, count: number): number {
  return (
    ((sec - windowOf({ sec, nanos }) * WINDOW_SECONDS) * 1e9 + nanos) * MOST_EQUAL + Math.min(count, MOST_EQUAL - 1)
  );
}
