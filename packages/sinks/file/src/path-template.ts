import { hash } from "node:crypto";
import { type Event, formatInstant, SluiceError } from "@sluice/core";

/** Where an event's time has the parts that a path may name, as RFC 3339 text in UTC. */
const TIME_PARTS: Readonly<Record<string, readonly [from: number, to: number]>> = {
  YYYY: [0, 4],
  MM: [5, 7],
  DD: [8, 10],
  date: [0, 10],
  HH: [11, 13],
  mm: [14, 16],
};
/** What others write for parts of a time: as a field of the event it would silently be `_`. */
const LIKE_TIME = /^(?:y{2,4}|m{1,2}|d{1,2}|h{1,2}|s{1,2}|time)$/i;
const PLACEHOLDER = /\{([^{}]*)\}/g;
const MOST_CHARACTERS = 100;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** A path with fields of the event and parts of its time. */
export interface PathTemplate {
  /** The path where it is the same for all events, else null. */
  readonly fixed: string | null;
  /** Directory below which all paths lie. */
  readonly root: string;
  /** Matches every path that the template can give, without the root. */
  readonly pattern: RegExp;
  render(event: Event): string;
}

/**
 * Reads a template. What comes from an event cannot leave its place in the path: it has no `/`, and is not `.` or `..`.
 * Throws SLUICE_CONFIG for placeholders that cannot be.
 */
export function pathTemplate(text: string): PathTemplate {
  const names = Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name as string);
  if (names.some((name) => name.trim() === "") || /[{}]/.test(text.replaceAll(PLACEHOLDER, ""))) {
    const hint = "write {service.name}, {date}, {YYYY}, {MM}, {DD}, {HH} or {mm}";
    throw new SluiceError("SLUICE_CONFIG", "the path has a `{` without a name", { hint, written: text });
  }
  const typo = names.find((name) => LIKE_TIME.test(name) && !(name in TIME_PARTS));
  if (typo !== undefined) {
    const hint = "parts of the time are {date}, {YYYY}, {MM}, {DD}, {HH} and {mm}";
    throw new SluiceError("SLUICE_CONFIG", `{${typo}} in the path is no part of the time`, { hint, written: text });
  }
  const root = text.slice(0, text.slice(0, text.search(/\{|$/)).lastIndexOf("/") + 1);
  const rest = text.slice(root.length).split(PLACEHOLDER);
  const source = rest.map((piece, i) => (i % 2 === 0 ? escaped(piece) : "[^/]+")).join("");
  return {
    fixed: names.length === 0 ? text : null,
    root,
    pattern: new RegExp(`^${source}$`),
    render: (event) => text.replaceAll(PLACEHOLDER, (_, name: string) => part(name, event)),
  };
}

function part(name: string, event: Event): string {
  const range = TIME_PARTS[name];
  if (!range) return clean(event[name]);
  const time = event["@timestamp"];
  return (typeof time === "string" && TIME.test(time) ? time : formatInstant(0)).slice(...range);
}

/** A value as a part of a name. One that has to be changed for it stays different from all others. */
function clean(value: unknown): string {
  if (value === undefined || value === null || value === "") return "_";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const cleaned = text
    .replaceAll(/[^\w.-]/g, "_")
    .replace(/^[.-]+/, "_")
    .slice(0, MOST_CHARACTERS);
  return cleaned === text ? text : `${cleaned}-${hash("sha256", text, "hex").slice(0, 8)}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
