import { expect, test } from "vitest";
import { findSlowPart, PatternLibrary } from "../src/index.ts";

test("says which pattern backtracks exponentially, and where", async () => {
  const patterns = new PatternLibrary();
  patterns.addFile("WORDS (?:[a-z]+\\s?)*\nLINE <%{WORDS:words}>", "slow.grok");
  const grok = patterns.compile("x%{LINE}");
  const part = await findSlowPart(grok);
  expect(part).toMatchObject({ source: "(?:[a-z]+\\s?)*", pattern: "WORDS", place: { origin: "slow.grok", line: 1 } });
  expect(grok.expandedSource.slice(part!.start, part!.end)).toBe(part!.source);
  expect(part!.attack).toContain("repeat");
});

test("the expression itself", async () => {
  const part = await findSlowPart(new PatternLibrary().compile("^(a+)+$", { place: { origin: "p.yaml", line: 7 } }));
  expect(part).toMatchObject({ source: "(a+)+", start: 1, end: 6, place: { origin: "p.yaml", line: 7 } });
  expect(part).not.toHaveProperty("pattern");
});

test.each(["^[a-z]+ \\d+$", "(?:a|b)*c", "(?>(?:a+)+)b", "(?:\\.[a-z]+)*x", '"(?:\\\\.|[^"\\\\])*"', ""])(
  "nothing slow in %s",
  async (expression) => {
    expect(await findSlowPart(new PatternLibrary().compile(expression))).toBeNull();
  },
);
