import { type Event, type ParsePlan, type PlanPattern, SluiceError } from "@sluice/core";
import { compile, LatePattern } from "../compile.ts";
import type { NamedParser, ParserContext } from "../parser.ts";
import { matchInto, planPattern, setConstants, tableParser } from "../pattern-table.ts";
import { MESSAGE_RULES, type MessageRule } from "./auth-rules.ts";
import { SYSLOG_RULES } from "./syslog.ts";

/** rsyslog's way to say that a message came several times. */
const REPEATED = /^message repeated (\d{1,9}) times: \[ (.*)\]$/s;
const MAX_PROGRAMS = 1000;

interface CompiledRule extends MessageRule {
  readonly late: LatePattern;
}

/**
 * auth.log (secure): the header is read as syslog, then the rules of its program say what `log.message` means. The plan
 * has each rule as one pattern over the whole line, and one at its end for messages without a rule. Where the event
 * already says which program wrote it, as one of the journal does, there is no header: the text is the message. A header
 * in it would be the claim of whoever wrote the message.
 */
export const auth: NamedParser = {
  name: "auth",
  summary: "Authentication logs: sshd, sudo, su, cron, logind, PAM, account tools",
  create(ctx) {
    const header = tableParser(ctx, SYSLOG_RULES);
    const audit = tableParser(ctx, [{ pattern: "AUDITD", constants: [["process.name", "auditd"]] }]);
    const rules = MESSAGE_RULES.map((rule) => ({ ...rule, late: new LatePattern(ctx.library, rule.pattern) }));
    const refine = refiner(ctx, rules);
    return {
      parse(text, event, now) {
        if (typeof event["process.name"] === "string") event["log.message"] ??= text;
        else if (text.startsWith("type=")) return audit.parse(text, event, now);
        else if (!header.parse(text, event, now)) return false;
        refine(event, now);
        return true;
      },
      plan: planOf(ctx),
      problems: () => rules.map((rule) => rule.late.problem()).filter((problem) => problem !== undefined),
    };
  },
};

/** Reads what `log.message` means, by the rules of `process.name`. */
function refiner(ctx: ParserContext, rules: readonly CompiledRule[]): (event: Event, now: number) => void {
  const rulesOf = byProgram(rules);
  return (event, now) => {
    const program = event["process.name"];
    const message = event["log.message"];
    if (typeof program !== "string" || typeof message !== "string") return;
    const repeated = REPEATED.exec(message);
    if (repeated) event["log.syslog.repeated"] = Number(repeated[1]);
    const text = repeated ? (repeated[2] as string) : message;
    for (const rule of rulesOf(program)) {
      const grok = text.startsWith(rule.starts) ? rule.late.grok : null;
      if (grok === null || !matchInto(grok, text, event, ctx, now)) continue;
      setConstants(event, rule.constants);
      return;
    }
  };
}

/** The rules of a program, remembered: a host has few programs, and a hostile one must not fill the memory. */
function byProgram(rules: readonly CompiledRule[]): (program: string) => readonly CompiledRule[] {
  const known = new Map<string, readonly CompiledRule[]>();
  return (program) => {
    let found = known.get(program);
    if (found === undefined) {
      found = rules.filter((rule) => rule.programs?.includes(program) ?? true);
      if (known.size >= MAX_PROGRAMS) known.clear();
      known.set(program, found);
    }
    return found;
  };
}

function planOf(ctx: ParserContext): ParsePlan {
  const ofAny = MESSAGE_RULES.findIndex((rule) => rule.programs === undefined);
  const patternsOf = (rules: readonly MessageRule[]): PlanPattern[] =>
    rules.map((rule) => rulePattern(ctx, rule)).filter((pattern) => pattern !== null);
  const patterns = [
    ...patternsOf(MESSAGE_RULES.slice(0, ofAny)),
    // Here, because these rules too are for all programs: the look at the header is shared.
    plainPattern(ctx, undefined, "message repeated "),
    ...patternsOf(MESSAGE_RULES.slice(ofAny)),
    planPattern(compile(ctx.library, line(undefined, "%{REST}")), []),
  ];
  return { patterns, timestamp: ctx.readTime, timestampNeedsNow: true };
}

/** Null when the pattern has been redefined wrongly: then no line matches it on the plain path either. */
function rulePattern(ctx: ParserContext, rule: MessageRule): PlanPattern | null {
  if (rule.plainOnly) return plainPattern(ctx, rule.programs, rule.starts);
  try {
    return planPattern(compile(ctx.library, line(rule.programs, `%{${rule.pattern}}`)), rule.constants);
  } catch (error) {
    if (error instanceof SluiceError) return null;
    throw error;
  }
}

/** Sends messages that begin with a text the plain way. */
function plainPattern(ctx: ParserContext, programs: readonly string[] | undefined, starts: string): PlanPattern {
  return { ...planPattern(compile(ctx.library, line(programs, `${starts}%{REST}`)), []), plain: true };
}

/** A whole line; any program when none are named. */
function line(programs: readonly string[] | undefined, message: string): string {
  const program = programs === undefined ? "[^ \\[:]+" : anyOf(programs);
  const head = `%{SYSLOG_TIME} (?<host.hostname>[^ ]+) (?<process.name>${program})%{SYSLOG_PID}: `;
  return `\\A${head}(?<log.message>${message})\\z`;
}

/** `sshd(?:-auth|-session)?`: an expression for names of which the next character decides, as one pass needs it. */
function anyOf(names: readonly string[]): string {
  const stems = names.filter((name) => !names.some((other) => other !== name && name.startsWith(other)));
  const sources = stems.map((stem) => {
    const endings = names
      .filter((name) => name !== stem && name.startsWith(stem))
      .map((name) => name.slice(stem.length));
    return endings.length === 0 ? stem : `${stem}(?:${endings.join("|")})?`;
  });
  return sources.length === 1 ? (sources[0] as string) : `(?:${sources.join("|")})`;
}
