import { type Event, type ParsePlan, setField, type Value } from "@sluice/core";
import type { Grok } from "@sluice/grok";
import { compileAll } from "./compile.ts";
import type { Parser, ParserContext } from "./parser.ts";
import { planPattern, setTime } from "./pattern-table.ts";

/** Fields that an event may have before it is parsed: capturing one makes a list, which no plan can say. */
const TAKEN = /^(?:message|tags|event\.id|host\..*|log\.(?:file\.path|offset)|.*offset)$/;

/** A parser of the user's own expressions, with the semantics of Logstash's grok filter. */
export function grokParser(ctx: ParserContext, expressions: readonly string[], overwrite: readonly string[]): Parser {
  const groks = compileAll(ctx.library, expressions);
  const replaces = new Set(overwrite);
  return {
    parse(text, event, now) {
      for (const grok of groks) {
        const fields = grok.match(text);
        if (fields === null) continue;
        merge(event, fields, replaces, ctx, now);
        return true;
      }
      return false;
    },
    expressions: groks,
    ...(groks.every(plannable) && haveOneType(groks) ? { plan: planOf(ctx, groks) } : {}),
  };
}

/** A captured field that exists already becomes `[before, captured]`, unless it is to be overwritten. */
function merge(event: Event, fields: Event, replaces: ReadonlySet<string>, ctx: ParserContext, now: number): void {
  for (const field of Object.keys(fields)) {
    const value = fields[field] as Value;
    if (field === "@timestamp") {
      setTime(event, typeof value === "string" ? ctx.readTime(value, now) : null);
      continue;
    }
    const before = Object.hasOwn(event, field) ? event[field] : undefined;
    if (before === undefined || before === null || replaces.has(field)) setField(event, field, value);
    else setField(event, field, [...listOf(before), ...listOf(value)]);
  }
}

function listOf(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [value];
}

function plannable(grok: Grok): boolean {
  const fields = grok.captures.map((capture) => capture.field);
  return new Set(fields).size === fields.length && !fields.some((field) => TAKEN.test(field) || field === "__proto__");
}

/** Encoders may decide about a field by what it was in an event before, which a plan cannot say. */
function haveOneType(groks: readonly Grok[]): boolean {
  const captures = groks.flatMap((grok) => grok.captures);
  const isNumber = new Map(captures.map(({ field, type }) => [field, type !== "string"]));
  return captures.every(({ field, type }) => isNumber.get(field) === (type !== "string"));
}

function planOf(ctx: ParserContext, groks: readonly Grok[]): ParsePlan {
  return {
    patterns: groks.map((grok) => planPattern(grok, [])),
    timestamp: ctx.readTime,
    timestampNeedsNow: true,
  };
}
