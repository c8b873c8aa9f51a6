import { isDeepStrictEqual } from "node:util";
import { suggestion } from "@sluice/config";
import type { Event, Expectation, TestSpec, Value } from "@sluice/core";

/** Texts longer than this are shown around their first difference. */
const LONG = 60;
const AROUND = 20;
/** What an event has besides what a test is about. */
const UNINTERESTING: readonly string[] = ["event.id", "message"];

/** Lines that tell in what the events that came out differ from those that a test expects; none when they do not. */
export function differences(actual: readonly (Event | null)[], expected: TestSpec["expect"]): string[] {
  if (!Array.isArray(expected)) {
    if (actual.length === 0) return ["expected an event, but nothing came out"];
    return actual.flatMap((event, i) => numbered(i, actual.length, differencesOfOne(event, expected as Expectation)));
  }
  if (actual.length === expected.length) {
    return expected.flatMap((want, i) =>
      numbered(i, expected.length, differencesOfOne(actual[i] as Event | null, want as Expectation)),
    );
  }
  return [
    `expected ${expected.length} results, got ${actual.length}:`,
    ...actual.map((event) => `  + ${brief(event)}`),
  ];
}

function numbered(index: number, count: number, lines: readonly string[]): string[] {
  return count > 1 ? lines.map((line) => `[${index}] ${line}`) : [...lines];
}

function differencesOfOne(got: Event | null, want: Expectation): string[] {
  if (want === null)
    return got === null ? [] : ["expected the event to be dropped, but it was kept:", `  + ${brief(got)}`];
  if (got === null) return ["expected an event, but it was dropped"];
  const lines = Object.entries(want).flatMap(([field, value]) => differencesOfField(got, field, value));
  return lines.length === 0 ? [] : [...lines, `the event has: ${Object.keys(got).join(", ")}`];
}

function differencesOfField(got: Event, field: string, want: Value): string[] {
  const actual = got[field];
  if (want === null ? actual === undefined || actual === null : isDeepStrictEqual(actual, want)) return [];
  const [shownWant, shownActual] = shortened(show(want), show(actual));
  return [`${field}:`, `  - expected ${shownWant}`, `  + received ${shownActual}${remark(got, field, want)}`];
}

/** What explains a difference that is easily overlooked. */
function remark(got: Event, field: string, want: Value): string {
  const actual = got[field];
  if (actual === undefined) {
    const near = suggestion(field, Object.keys(got));
    return near?.startsWith("did you mean") ? `; ${near}` : "";
  }
  if (
    typeof actual === typeof want ||
    typeof actual === "object" ||
    `${actual}` !== (typeof want === "object" ? "" : `${want}`)
  )
    return "";
  return `: a ${typeof actual}, not a ${typeof want}`;
}

function show(value: Value | undefined): string {
  return value === undefined ? "nothing (the field is absent)" : JSON.stringify(value);
}

/** Two long texts around the place where they begin to differ. */
function shortened(one: string, other: string): [string, string] {
  if (Math.max(one.length, other.length) <= LONG) return [one, other];
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const start = Math.max(0, same - AROUND);
  const part = (text: string): string =>
    `${start > 0 ? "…" : ""}${text.slice(start, start + LONG)}${text.length > start + LONG ? "…" : ""}`;
  return [part(one), part(other)];
}

/** An event on one line. */
function brief(event: Event | null): string {
  if (event === null) return "dropped";
  const fields = Object.entries(event).filter(([field]) => !UNINTERESTING.includes(field));
  const text = JSON.stringify({ message: event["message"], ...Object.fromEntries(fields) });
  return text.length > 4 * LONG ? `${text.slice(0, 4 * LONG)}…` : text;
}
