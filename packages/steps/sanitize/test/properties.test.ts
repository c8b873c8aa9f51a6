import fc from "fast-check";
import { expect, test } from "vitest";
import { ACTIONS } from "../src/action.ts";
import { keywordFinder } from "../src/keywords.ts";
import type { Finding } from "../src/sanitizer.ts";
import { SAMPLE_RULES, sample, TEXT } from "./support.ts";

const action = fc.constantFrom(...ACTIONS);

test("sanitizing twice changes nothing more, with any action", () => {
  fc.assert(
    fc.property(TEXT, action, (input, chosen) => {
      const sanitizer = sample({ action: chosen, budget: 10_000 });
      const once = sanitizer.text(input);
      expect(sanitizer.text(once)).toBe(once);
    }),
    { numRuns: 2000 },
  );
});

test("the rest of the text stays, and no two findings overlap", () => {
  fc.assert(
    fc.property(TEXT, (input) => {
      const sanitizer = sample({ budget: 10_000 });
      const findings: Finding[] = [];
      const output = sanitizer.text(input, (finding) => findings.push(finding));
      let expected = "";
      let at = 0;
      for (const { rule, start, end } of findings) {
        expect(start).toBeGreaterThanOrEqual(at);
        expected += `${input.slice(at, start)}[redacted:${rule}]`;
        at = end;
      }
      expect(output).toBe(expected + input.slice(at));
    }),
    { numRuns: 2000 },
  );
});

test("looking only around keywords finds what looking everywhere finds", () => {
  const everywhere = sample({ rules: SAMPLE_RULES.map((rule) => ({ ...rule, keywords: [] })), budget: 10_000 });
  const around = sample({ budget: 10_000 });
  const gap = fc.integer({ min: 0, max: 3000 }).map((length) => "lorem ipsum ".repeat(length / 12));
  const long = fc.array(fc.oneof(TEXT, gap), { maxLength: 6 }).map((parts) => parts.join(" "));
  fc.assert(
    fc.property(long, (input) => {
      expect(around.find(input)).toEqual(everywhere.find(input));
    }),
    { numRuns: 500 },
  );
});

test("the keyword finder finds what looking for one word after another finds", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "B", "b", "_", "1"), minLength: 3, maxLength: 5 });
  const haystack = fc.string({ unit: fc.constantFrom("a", "A", "b", "B", "_", "1", "é", "K", " "), maxLength: 40 });
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { minLength: 1, maxLength: 8, selector: (w) => w.toLowerCase() }),
      haystack,
      (words, hay) => {
        const found: string[] = [];
        keywordFinder(words).find(
          hay,
          (keyword, start, end) => found.push(`${keyword}@${start}-${end}`),
          () => undefined,
        );
        const expected: string[] = [];
        const folded = hay.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
        for (const [index, entry] of words.entries()) {
          const wanted = entry.toLowerCase();
          for (let at = folded.indexOf(wanted); at !== -1; at = folded.indexOf(wanted, at + 1)) {
            expected.push(`${index}@${at}-${at + wanted.length}`);
          }
        }
        expect(found.toSorted()).toEqual(expected.toSorted());
      },
    ),
    { numRuns: 2000 },
  );
});
