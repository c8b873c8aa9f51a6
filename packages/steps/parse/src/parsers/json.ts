import { type Event, readExactJsonObject, setField, type Value } from "@sluice/core";
import { setDotted } from "../json-value.ts";
import type { NamedParser, ParserContext } from "../parser.ts";

/** Members that may hold the event's time, the most telling first. */
const TIME_FIELDS = ["@timestamp", "timestamp", "time", "ts"] as const;

/** One JSON object a record: nested members become dotted fields, its own `message` and time replace the event's. */
export const json: NamedParser = {
  name: "json",
  summary: "One JSON object a line; nested members become dotted fields",
  create: (ctx) => ({
    parse(text, event, now) {
      const object = readExactJsonObject(text);
      if (object === null) return false;
      const fields: Event = {};
      setDotted(fields, object);
      setForeignFields(event, fields, ctx, now);
      return true;
    },
  }),
};

/** Merges fields that a program named itself: they must not replace what sluice keeps its books with. */
export function setForeignFields(event: Event, fields: Event, ctx: ParserContext, now: number): void {
  const time = ownTime(fields, ctx, now);
  const { "@timestamp": _time, "event.id": id, tags, ...rest } = fields;
  for (const field of Object.keys(rest)) setField(event, field, rest[field] as Value);
  if (time !== null) event["@timestamp"] = time;
  if (id !== undefined) event["labels.event_id"] = id;
  if (tags !== undefined) event["tags"] = mergedTags(event["tags"], tags);
}

function ownTime(fields: Event, ctx: ParserContext, now: number): string | null {
  for (const name of TIME_FIELDS) {
    const value = fields[name];
    const text = typeof value === "number" ? numberText(value) : value;
    const time = typeof text === "string" ? ctx.readTime(text, now) : null;
    if (time !== null) return time;
  }
  return null;
}

/** Digits of a number without exponent, to the microsecond if it is a time in seconds. */
function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(6);
}

function mergedTags(own: Value | undefined, foreign: Value): Value {
  const list = (value: Value | undefined): readonly Value[] =>
    value === undefined || value === null ? [] : Array.isArray(value) ? (value as readonly Value[]) : [value];
  return [...new Set([...list(own), ...list(foreign)])];
}
