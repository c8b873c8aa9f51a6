import { addTag, type Event, type ParsePlan, type PlanPattern, setField } from "@sluice/core";
import { coerce, type Grok, type GrokCapture } from "@sluice/grok";
import { compileWhole } from "./compile.ts";
import { type Parse, type Parser, type ParserContext, TIMESTAMP_FAILURE } from "./parser.ts";

// Parsers that are lists of patterns. One table makes both the plain path and the plan for the kernel, so that they
// cannot drift apart.

/** Fields that a match sets besides its captures, after them. */
export type Constants = PlanPattern["constants"];

/** One pattern of a parser, in order of preference. */
export interface PatternRule {
  /** Name of a pattern in grok-patterns that takes the whole text; its capture `@timestamp` is the event's time. */
  readonly pattern: string;
  readonly constants?: Constants;
  /** Reads what is encoded within the captured texts. Such a rule is not for the kernel. */
  readonly finish?: (event: Event) => void;
  /** Not for the kernel: either not written for one pass, or so rare that it is not worth it. */
  readonly plainOnly?: boolean;
}

interface CompiledRule extends PatternRule {
  readonly compiled: Grok;
}

/** Makes a parser of a table of patterns. The first that matches wins. */
export function tableParser(
  ctx: ParserContext,
  rules: readonly PatternRule[],
  options: { yearless?: boolean } = {},
): Parser {
  const compiled = rules.map((rule) => ({ ...rule, compiled: compileWhole(ctx.library, rule.pattern) }));
  const parse: Parse = (text, event, now) => {
    for (const rule of compiled) {
      if (!matchInto(rule.compiled, text, event, ctx, now)) continue;
      setConstants(event, rule.constants);
      rule.finish?.(event);
      return true;
    }
    return false;
  };
  // A plan ends before the first rule that it cannot have: a later one must not be tried before an earlier one.
  const end = compiled.findIndex((rule) => rule.plainOnly === true || rule.finish !== undefined);
  return {
    parse,
    plan: planOf(ctx, end < 0 ? compiled : compiled.slice(0, end), options.yearless ?? false),
  };
}

/** Sets what a pattern captures from a text; false, and nothing set, when it does not match. */
export function matchInto(grok: Grok, text: string, event: Event, ctx: ParserContext, now: number): boolean {
  const texts = grok.exec(text);
  if (texts === null) return false;
  assign(grok.captures, texts, event, ctx, now);
  return true;
}

/** Sets the captures of a match; empty ones count as absent. */
function assign(
  captures: readonly GrokCapture[],
  texts: readonly (string | undefined)[],
  event: Event,
  ctx: ParserContext,
  now: number,
): void {
  for (let i = 0; i < captures.length; i++) {
    const text = texts[i];
    if (text === undefined || text === "") continue;
    const { field, type } = captures[i] as GrokCapture;
    if (field === "@timestamp") setTime(event, ctx.readTime(text, now));
    else setField(event, field, type === "string" ? text : coerce(text, type));
  }
}

/** Sets `@timestamp`, or a tag when the time could not be read. */
export function setTime(event: Event, time: string | null): void {
  if (time === null) addTag(event, TIMESTAMP_FAILURE);
  else event["@timestamp"] = time;
}

export function setConstants(event: Event, constants: Constants | undefined): void {
  if (constants === undefined) return;
  for (const [field, value] of constants) event[field] = value;
}

function planOf(ctx: ParserContext, rules: readonly CompiledRule[], yearless: boolean): ParsePlan {
  return {
    patterns: rules.map((rule) => planPattern(rule.compiled, rule.constants ?? [])),
    timestamp: ctx.readTime,
    timestampNeedsNow: yearless,
  };
}

/** A compiled expression as the kernel wants it. */
export function planPattern(grok: Grok, constants: Constants): PlanPattern {
  const time = grok.captures.find((capture) => capture.field === "@timestamp");
  return {
    source: grok.expandedSource,
    captures: grok.captures
      .filter((capture) => capture !== time)
      .map(({ group, field, type }) => ({ group, field, type })),
    constants,
    ...(time ? { timestampGroup: time.group } : {}),
  };
}
