import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Event, type ParsePlan, type PlanPattern, type Step, setField } from "@sluice/core";
import { coerce, type Grok, PatternLibrary } from "@sluice/grok";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apply, createParse, inUtc, lines, NOW } from "./support.ts";

// A plan promises that whoever follows it makes the same event as the plain path. This follows it in the plainest way:
// the first pattern that matches, its captures in order, then its constants; lines that match none go the plain way.

const library = new PatternLibrary();

function follow(plan: ParsePlan, compiled: readonly Grok[], text: string): Event | null {
  for (const [index, pattern] of plan.patterns.entries()) {
    const texts = (compiled[index] as Grok).exec(text);
    if (texts === null) continue;
    if (pattern.plain) return null;
    return eventOf(plan, pattern, compiled[index] as Grok, texts, text);
  }
  return null;
}

function eventOf(
  plan: ParsePlan,
  pattern: PlanPattern,
  grok: Grok,
  texts: readonly (string | undefined)[],
  text: string,
): Event | null {
  const event: Event = { "@timestamp": "unset", message: text };
  const textOf = (group: number): string | undefined =>
    texts[grok.captures.findIndex((capture) => capture.group === group)];
  const time = pattern.timestampGroup === undefined ? undefined : textOf(pattern.timestampGroup);
  if (time !== undefined) {
    const read = plan.timestamp?.(time, NOW) ?? null;
    if (read === null) return null;
    event["@timestamp"] = read;
  }
  for (const { group, field, type } of pattern.captures) {
    const captured = textOf(group);
    if (captured) setField(event, field, type === "string" ? captured : coerce(captured, type));
  }
  for (const [field, value] of pattern.constants) event[field] = value;
  return event;
}

const PLANNED = ["nginx", "apache", "auth", "syslog", "service_log"];
const inputOf = (name: string): string[] =>
  lines(readFileSync(join(import.meta.dirname, "fixtures", name, "input.log"), "utf8"));

function agree(step: Step, compiled: readonly Grok[], text: string): boolean {
  const planned = follow(step.plan as ParsePlan, compiled, text);
  if (planned === null) return false;
  const plain = apply(step, { "@timestamp": "unset", message: text });
  expect(JSON.stringify(planned)).toBe(JSON.stringify(plain));
  return true;
}

describe.each(PLANNED)("the plan of %s", (name) => {
  const step = createParse(inUtc(name));
  const plan = step.plan as ParsePlan;
  const compiled = plan.patterns.map((pattern) => library.compile(pattern.source));

  it("is anchored, without look-around", () => {
    for (const { source } of plan.patterns) {
      expect(source.startsWith("\\A")).toBe(true);
      expect(source).not.toMatch(/\(\?<?[=!]/);
    }
  });

  it("has one type for each field", () => {
    const types = new Map<string, string>();
    for (const { field, type } of plan.patterns.flatMap((pattern) => pattern.captures)) {
      expect([field, types.get(field) ?? type]).toEqual([field, type]);
      types.set(field, type);
    }
  });

  it("makes the events of the plain path from the fixture", () => {
    const planned = inputOf(name).filter((text) => agree(step, compiled, text));
    expect(planned.length).toBeGreaterThan(0);
  });

  it("makes the events of the plain path from damaged lines", () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...inputOf(name)),
        fc.nat(),
        fc.nat(12),
        fc.constantFrom("", " ", "-", '"', "é", "\\", "x y", "1"),
      )
      .map(([text, at, length, by]) => {
        const start = at % (text.length + 1);
        return text.slice(0, start) + by + text.slice(start + length);
      });
    fc.assert(
      fc.property(damaged, (text) => void agree(step, compiled, text)),
      { numRuns: 500 },
    );
  });
});

describe("the plan of a user's grok patterns", () => {
  it("is there when no capture can meet a field that exists already", () => {
    expect(createParse({ grok: "\\A%{IP:source.ip} %{INT:n:int}" }).plan?.patterns).toHaveLength(1);
    expect(createParse({ grok: "%{GREEDYDATA:message}" }).plan).toBeUndefined();
    expect(createParse({ grok: "%{WORD:a} %{WORD:a}" }).plan).toBeUndefined();
    expect(createParse({ grok: ["%{INT:a:int}", "%{WORD:a}"] }).plan).toBeUndefined();
    expect(createParse({ grok: "%{WORD:a}", field: "other" }).plan).toBeUndefined();
    expect(createParse({ grok: "%{WORD:a}", target: "t" }).plan).toBeUndefined();
  });

  it("agrees with the plain path", () => {
    const step = createParse({ grok: ["\\A%{INT:a:int} %{WORD:b}", "\\A%{HTTPDATE:@timestamp} %{NUMBER:c:float}"] });
    const compiled = (step.plan as ParsePlan).patterns.map((pattern) => library.compile(pattern.source));
    for (const text of ["12 x", "12345678901234567890 y", "10/Jan/2017:13:06:27 -0300 1.50"]) {
      expect(agree(step, compiled, text)).toBe(true);
    }
  });
});
