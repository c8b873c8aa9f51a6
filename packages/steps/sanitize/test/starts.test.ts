import { describe, expect, test } from "vitest";
import { Budget } from "../src/budget.ts";
import { keywordFinder } from "../src/keywords.ts";
import { type Match, Matcher } from "../src/matcher.ts";
import type { Rule } from "../src/rule.ts";
import { ALL_RULES } from "../src/rules/index.ts";
import { analyse } from "../src/screen-analysis.ts";

const base = { name: "x", title: "", sets: [], positive: [], negative: [] } satisfies Partial<Rule>;
const startsOf = (pattern: string, ...keywords: string[]) => analyse({ ...base, pattern, keywords })?.starts;

describe("where matches begin, seen from their first keyword", () => {
  test.each([
    ["at the keyword", "token=(?<secret>\\w+)", ["token"], { before: 0, after: 0 }],
    ["behind what may stand before it", "(?:my|your )?token=\\w+", ["token"], { before: 5, after: 0 }],
    ["characters count, not bytes", "[^a]{3}token", ["token"], { before: 3, after: 0 }],
    ["the first of several", "token[^]{0,40}?api", ["api", "token"], { before: 0, after: 0 }],
    ["the longest of those that end together", "my_token", ["token", "my_token"], { before: 0, after: 0 }],
    ["behind a look-behind that has it", "(?<=user:(?:the )?)\\w+", ["user:"], { before: 0, after: 9 }],
    ["before one that is negative", "(?<!a)token", ["token"], { before: 0, after: 0 }],
    ["in a look-ahead at the end", "\\w{3}(?=-token)", ["token"], { before: 4, after: 0 }],
    ["too far behind", "(?<=user:\\w{0,200})x", ["user:"], null],
    ["as far before as can be", "\\w+token", ["token"], null],
    ["without any", "\\w{4}(?:token)?", ["token"], null],
  ] as const)("%s", (_, pattern, keywords, expected) => {
    expect(startsOf(pattern, ...keywords)).toEqual(expected);
  });
});

/** Matches of a pattern wherever they begin. */
function everywhere(rule: Rule, text: string): Match[] {
  return found(rule, text, (matcher) => matcher.add(0, text.length));
}

function found(rule: Rule, text: string, add: (matcher: Matcher) => void): Match[] {
  const matcher = new Matcher(rule);
  const matches: Match[] = [];
  add(matcher);
  matcher.find(text, new Budget(60_000), (match) => matches.push(match));
  return matches;
}

const examples = ALL_RULES.flatMap(({ positive, negative }) => [...positive, ...negative.slice(0, 2)]).map((example) =>
  example.replaceAll(/[⟦⟧]/g, ""),
);
/** Joined, so that keywords of many rules stand near each other. */
const texts = Array.from({ length: Math.ceil(examples.length / 8) }, (_, i) =>
  examples.slice(8 * i, 8 * i + 8).join(i % 2 === 0 ? " " : "\n"),
);

test("each rule finds by its keywords what it finds everywhere", { timeout: 300_000 }, () => {
  const narrow = ALL_RULES.filter((rule) => analyse(rule)?.starts);
  expect(narrow.length).toBeGreaterThan(ALL_RULES.length * 0.8);
  let matches = 0;
  for (const rule of narrow) {
    const finder = keywordFinder(rule.keywords);
    for (const text of texts) {
      const hits: [number, number][] = [];
      finder.find(
        text,
        (_, start, end) => hits.push([start, end]),
        () => {},
      );
      if (hits.length === 0) continue;
      const expected = everywhere(rule, text);
      const actual = found(rule, text, (matcher) => {
        for (const [start, end] of hits) matcher.addKeyword(start, end);
      });
      matches += expected.length;
      expect(actual, `${rule.name}: ${text}`).toEqual(expected);
    }
  }
  expect(matches).toBeGreaterThan(examples.length / 2);
});
