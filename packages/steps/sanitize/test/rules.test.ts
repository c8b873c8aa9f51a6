import { describe, expect, test } from "vitest";
import { ALL_RULES } from "../src/rules/index.ts";
import { createSanitizer } from "../src/sanitizer.ts";

describe("the table of rules", () => {
  test("names are kebab case and unique", () => {
    const names = ALL_RULES.map(({ name }) => name);
    expect(names.filter((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test("keywords are ASCII of three characters or more, and a default rule has one or a shape", () => {
    const keywords = ALL_RULES.flatMap((rule) => rule.keywords);
    expect(keywords.filter((keyword) => !/^[\x20-\x7e]{3,}$/.test(keyword))).toEqual([]);
    const bare = ALL_RULES.filter(({ keywords, shape }) => keywords.length === 0 && shape === undefined);
    expect(bare.filter(({ sets }) => sets.includes("default")).map(({ name }) => name)).toEqual([]);
  });

  test("repetitions are bounded, unless they are of one character class", () => {
    const unbounded = /\)[*+]|\)\{\d+,\}/;
    expect(ALL_RULES.filter(({ pattern }) => unbounded.test(pattern)).map(({ name }) => name)).toEqual([]);
  });

  test("every rule has examples of what it finds and of what it leaves", () => {
    const without = ALL_RULES.filter(({ positive, negative }) => positive.length === 0 || negative.length === 0);
    expect(without.map(({ name }) => name)).toEqual([]);
  });
});

describe.each(ALL_RULES.map((rule) => ({ name: rule.name, rule })))("$name", ({ name, rule }) => {
  const sanitizer = createSanitizer({ rules: [rule], budget: 10_000 });

  test("finds its secrets, all of them and no more, and does not find them again", () => {
    for (const example of rule.positive) {
      const output = sanitizer.text(example.replaceAll(/[⟦⟧]/g, ""));
      expect(output).toBe(example.replaceAll(/⟦[^⟧]*⟧/g, `[redacted:${name}]`));
      expect(sanitizer.text(output)).toBe(output);
    }
  });

  test("leaves what is none", () => {
    expect(rule.negative.map((example) => sanitizer.text(example))).toEqual(rule.negative);
  });
});
