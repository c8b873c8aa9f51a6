import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameGroups } from "../src/groups.ts";
import { createMatcher } from "../src/matcher.ts";
import { search } from "../src/onigmo/machine.ts";
import { parse } from "../src/onigmo/parser.ts";
import { compileProgram } from "../src/onigmo/program.ts";

interface Case {
  readonly source: string;
  readonly pattern: string;
  readonly input: string;
  readonly expected: { readonly span: readonly [number, number]; readonly groups: readonly (string | null)[] } | null;
}

const cases = readFileSync(new URL("fixtures/onigmo-cases.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

// Onigmo's tests have `.` stop at newlines; Logstash compiles with it matching them.
const asTested = (pattern: string): string => `(?-m)${pattern}`;

function byMachine(pattern: string, input: string) {
  const offsets = search(compileProgram(parse(pattern)), input);
  if (!offsets) return null;
  const codePoints = (units: number): number => Array.from(input.slice(0, units)).length;
  const groups: (string | null)[] = [];
  for (let i = 2; i < offsets.length; i += 2)
    groups.push(offsets[i]! < 0 ? null : input.slice(offsets[i], offsets[i + 1]));
  return { span: [codePoints(offsets[0]!), codePoints(offsets[1]!)], groups };
}

describe("agrees with Onigmo", () => {
  test.each(cases.map((one, index) => [index + 1, one.pattern.slice(0, 60), one] as const))("%i %s", (_, __, one) => {
    const { expected } = one;
    expect(byMachine(asTested(one.pattern), one.input), one.source).toEqual(
      expected && { span: expected.span, groups: expected.groups },
    );
    const groups = Array.from({ length: expected?.groups.length ?? 0 }, (_, index) => index + 1);
    const texts = createMatcher(nameGroups(asTested(one.pattern)).source, groups).exec(one.input);
    expect(texts && texts.map((text) => text ?? null)).toEqual(expected && expected.groups);
  });
});

// Small expressions over few letters, so that matches are common.
const expressions = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      "a",
      "b",
      "é",
      "\\b",
      "\\w",
      "\\s",
      "\\d",
      "[[:alpha:]]",
      "[^a]",
      ".",
      "^",
      "$",
      "\\B",
      "[b-d\\s]",
      "\\h",
    ),
    fc.tuple(tie("node"), tie("node")).map(([left, right]) => left + right),
    fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(?:${left}|${right})`),
    fc
      .tuple(tie("node"), fc.constantFrom("*", "+", "?", "*?", "{1,2}", "++"))
      .map(([node, many]) => `(?:${node})${many}`),
    tie("node").map((node) => `(${node})`),
    tie("node").map((node) => `(?>${node})`),
    tie("node").map((node) => `(?=${node})`),
  ),
})).node;

test("JavaScript and the machine read an expression alike", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "b", "c", "é", " ", "1", "\n", "_"), maxLength: 12 });
  fc.assert(
    fc.property(expressions, texts, (pattern, input) => {
      const expected = byMachine(pattern, input);
      const groups = Array.from({ length: parse(pattern).groups }, (_, index) => index + 1);
      const texts = createMatcher(pattern, groups).exec(input);
      expect(texts && texts.map((text) => text ?? null)).toEqual(expected && expected.groups);
    }),
    { numRuns: Number(process.env["RUNS"] ?? 2000) },
  );
});
