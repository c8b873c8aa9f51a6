import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LEAN_DEFINITIONS, lean } from "../src/lean.ts";
import { createMatcher } from "../src/matcher.ts";

// What stands around decides how far a pattern goes: so each is tried with several contexts.
const contexts = [
  "(?<x>%)",
  "(?<x>%)(?<y>.*)",
  "^(?<x>%)$",
  "(?<a>.*?)(?<x>%)(?<y>[:. ]|$)",
  "(?<x>%) (?<y>%)",
  "(?<x>(?:%)+)b",
];

// Pieces that the patterns are about, so that near misses and nested matches are common.
const pieces = [
  '"',
  "'",
  "`",
  "\\",
  "a",
  "b",
  " ",
  "1",
  "25",
  "255",
  "2001",
  ":",
  "::",
  ".",
  "+",
  "-",
  "ff",
  "%eth0",
  "\n",
  "é",
];
const texts = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 14 });

describe("lean definitions match what Logstash's do", () => {
  test.each([...LEAN_DEFINITIONS].map(([ours, theirs]) => [ours.slice(0, 40), ours, theirs] as const))(
    "%s",
    (_, original, leaner) => {
      for (const context of contexts) {
        const [expected, actual] = [original, leaner].map((source) => {
          const expression = context.replaceAll("%", () => source);
          return createMatcher(expression, [1, ...(expression.includes("<y>") ? [2] : [])]);
        });
        fc.assert(
          fc.property(texts, (text) => {
            expect(actual!.exec(text)).toEqual(expected!.exec(text));
          }),
          { numRuns: 400 },
        );
      }
    },
  );
});

test("a repetition of a repetition of one class is one repetition", () => {
  expect(lean("[A-Za-z]([A-Za-z0-9+\\-.]+)+")).toBe("[A-Za-z][A-Za-z0-9+\\-.]+");
  expect(lean("(?:\\w*)+x(\\s+)*")).toBe("\\w*x\\s*");
  for (const other of ["(a+)+", "\\([a-z]+)+", "([a-z]+){2,}", "([a-z]+?)+", "([a-z]+b)+", "([a-z]+)+?"]) {
    expect(lean(other)).toBe(other);
  }
});
