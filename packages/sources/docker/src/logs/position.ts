import type { Value } from "@sluice/core";
import { compareMoments, type Moment } from "../time.ts";
import type { OutputStream } from "./frames.ts";

/** The last line that was read of one output, and how many of that very time. */
export interface StreamPosition extends Moment {
  readonly count: number;
}

/** How far a container's log is read. */
export interface LogPosition {
  /** What lies before it is read, in both outputs. */
  readonly since: Moment;
  readonly streams: { readonly [stream in OutputStream]?: StreamPosition };
  /** How often the engine's clock was set back: lines of one time before and after that are different ones. */
  readonly turn: number;
}

export const START: LogPosition = { since: { sec: 0, nanos: 0 }, streams: {}, turn: 0 };

/**
 * How far the times of neighbouring lines of stdout and stderr may be out of order, in seconds: Docker reads each of the two
 * on its own, and stamps a line before it waits for its turn to be written. Turns are fair after a millisecond. What lies
 * within this time is sent again by the engine after each new connection, so that it must not be long either.
 */
const DISORDER_SECONDS = 1;

/**
 * From when on lines may be unread, given what was read last of either output and when lines began that are not complete.
 * A terminal has only one output.
 */
export function sinceOf(
  streams: LogPosition["streams"],
  open: readonly Moment[],
  before: Moment,
  isTerminal: boolean,
): Moment {
  const known = [streams[1], streams[2]].filter((moment) => moment !== undefined);
  const latest = known.reduce<Moment>(later, before);
  const slack = { sec: latest.sec - DISORDER_SECONDS, nanos: latest.nanos };
  if (isTerminal) return later(before, open.reduce<Moment>(earlier, latest));
  const all = known.length === 2 ? later(slack, known.reduce<Moment>(earlier, latest)) : slack;
  return later(before, open.reduce<Moment>(earlier, all));
}

function later(a: Moment, b: Moment): Moment {
  return compareMoments(a, b) >= 0 ? a : b;
}

function earlier(a: Moment, b: Moment): Moment {
  return compareMoments(a, b) <= 0 ? a : b;
}

/** A position as it is stored. */
export function storedPosition({ since, streams, turn }: LogPosition): Value {
  const { 1: out, 2: err } = streams;
  return {
    since: [since.sec, since.nanos],
    ...(out && { out: [out.sec, out.nanos, out.count] }),
    ...(err && { err: [err.sec, err.nanos, err.count] }),
    ...(turn > 0 && { turn }),
  };
}

/** Reads what `storedPosition` made. */
export function readPosition(value: Value): LogPosition {
  const { since, out, err, turn } = value as { [key: string]: number[] } & { turn?: number };
  const stream = (numbers: number[] | undefined): StreamPosition | undefined =>
    numbers && { sec: numbers[0] as number, nanos: numbers[1] as number, count: numbers[2] as number };
  const [first, second] = [stream(out), stream(err)];
  const [sec = 0, nanos = 0] = since ?? [];
  return {
    since: { sec, nanos },
    streams: { ...(first && { 1: first }), ...(second && { 2: second }) },
    turn: turn ?? 0,
  };
}
