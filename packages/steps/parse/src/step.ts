import {
  addTag,
  type Event,
  type Step,
  type StepContext,
  type StepDefinition,
  setField,
  timeReader,
  timeZone,
  type Value,
} from "@sluice/core";
import { findSlowPart, PatternLibrary, placeText } from "@sluice/grok";
import { OWN_PATTERNS } from "./compile.ts";
import { csvParser } from "./csv-parser.ts";
import { grokParser } from "./grok-parser.ts";
import { type DetailedOptions, type ParseOptions, parseOptions } from "./options.ts";
import { PARSE_FAILURE, type Parser, type ParserContext } from "./parser.ts";
import { NAMED_PARSERS } from "./parsers/index.ts";
import { checkReferences } from "./references.ts";

/** `parse`: reads fields out of the line. */
export const parseStep: StepDefinition<ParseOptions> = {
  kind: "step",
  type: "parse",
  summary: "Reads fields out of a line, with a named parser or a pattern of your own",
  options: parseOptions,
  spread: "any",
  longForm: (options) => ({ ...(typeof options === "string" ? { parser: options } : {}), timezone: "local" }),
  create(options, ctx) {
    const detailed: Partial<DetailedOptions> = typeof options === "string" ? { parser: options } : options;
    checkReferences(detailed, ctx.warn);
    const zone = timeZone(detailed.timezone ?? "local");
    const parser = createParser(detailed, {
      library: library(ctx, detailed),
      zone,
      readTime: rememberLast(timeReader(zone)),
    });
    return stepOf(parser, detailed.field ?? "message", detailed.target);
  },
};

/** Neighbouring lines often bear the same time, and reading one costs as much as the rest of the line. */
function rememberLast(read: ParserContext["readTime"]): ParserContext["readTime"] {
  let lastText: string | undefined;
  let lastNow = 0;
  let last: string | null = null;
  return (text, now) => {
    if (text !== lastText || now !== lastNow) {
      last = read(text, now);
      lastText = text;
      lastNow = now;
    }
    return last;
  };
}

function createParser(options: Partial<DetailedOptions>, ctx: ParserContext): Parser {
  const overwrite = typeof options.overwrite === "string" ? [options.overwrite] : (options.overwrite ?? []);
  if (options.grok !== undefined) {
    return grokParser(ctx, typeof options.grok === "string" ? [options.grok] : options.grok, overwrite);
  }
  if (options.regex !== undefined) {
    return grokParser({ ...ctx, library: new PatternLibrary() }, [options.regex], overwrite);
  }
  if (options.csv !== undefined) return csvParser(options.csv);
  return named(options.parser ?? (options.logfmt ? "logfmt" : options.syslog ? "syslog" : "json"), ctx);
}

function named(name: string, ctx: ParserContext): Parser {
  const parser = NAMED_PARSERS.find((candidate) => candidate.name === name);
  if (!parser) throw new Error(`no parser ${name}`);
  return parser.create(ctx);
}

function library(ctx: StepContext, options: Partial<DetailedOptions>): PatternLibrary {
  const patterns = new PatternLibrary();
  for (const [file, text] of Object.entries(ctx.patterns)) patterns.addFile(text, file);
  for (const [name, source] of Object.entries(options.patterns ?? {}))
    patterns.add(name, source, `${ctx.name}${OWN_PATTERNS}`);
  return patterns;
}

function stepOf(parser: Parser, field: string, target: string | undefined): Step {
  const parse = target === undefined ? parser.parse : intoTarget(parser, target);
  const apply: Step["apply"] = (event, run) => {
    const text = event[field];
    if (typeof text !== "string" || !parse(text, event, run.now)) addTag(event, PARSE_FAILURE);
    return event;
  };
  const diagnose = () => diagnoseParser(parser);
  const plan = field === "message" && target === undefined ? parser.plan : undefined;
  return plan === undefined || plan.patterns.length === 0 ? { apply, diagnose } : { apply, diagnose, plan };
}

async function diagnoseParser(parser: Parser): Promise<string[]> {
  const warnings = [...(parser.problems?.() ?? [])];
  for (const grok of parser.expressions ?? []) {
    const slow = await findSlowPart(grok);
    if (slow === null) continue;
    const where = `${placeText(slow.place)}${slow.pattern === undefined ? "" : `: in ${slow.pattern}`}`;
    warnings.push(`${where}: ${slow.source} can take exponential time, for example on ${slow.attack}`);
  }
  return warnings;
}

/** `@timestamp` and tags stay those of the event, everything else goes below the target. */
function intoTarget(parser: Parser, target: string): Parser["parse"] {
  return (text, event, now) => {
    const fields: Event = {};
    if (!parser.parse(text, fields, now)) return false;
    for (const field of Object.keys(fields)) {
      const value = fields[field] as Value;
      if (field === "@timestamp") event[field] = value;
      else if (field === "tags" && Array.isArray(value)) for (const tag of value) addTag(event, String(tag));
      else setField(event, `${target}.${field}`, value);
    }
    return true;
  };
}
