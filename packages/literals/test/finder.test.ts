import { LiteralFinder } from "@sluice/literals";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { occurrences } from "./support/reference.ts";

function found(finder: LiteralFinder, bytes: Uint8Array): string[] {
  finder.input.set(bytes);
  finder.load(bytes.length);
  const hits: string[] = [];
  finder.hits((literal, start) => hits.push(`${literal}@${start}`));
  return hits.sort();
}

const char = fc.constantFrom(...Array.from("abcKEY_-:/=19@[`{\x00\x7f"));
const literal = fc.string({ unit: char, minLength: 3, maxLength: 40 }).filter((text) => !text.includes("\x00"));
const piece = (literals: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...literals).map((text) => Buffer.from(text)),
    fc.constantFrom(...literals).map((text) => Buffer.from(text.toUpperCase())),
    fc.string({ unit: char, maxLength: 20 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  );
const sample = fc
  .uniqueArray(literal, { minLength: 1, maxLength: 30, selector: (text) => text.toLowerCase() })
  .chain((literals) => fc.tuple(fc.constant(literals), fc.array(piece(literals), { maxLength: 40 })));

describe("the finder", () => {
  test("finds what one search after another finds", () => {
    fc.assert(
      fc.property(sample, ([literals, pieces]) => {
        const bytes = Buffer.concat(pieces);
        expect(found(new LiteralFinder(literals), bytes)).toEqual(occurrences(literals, bytes));
      }),
      { numRuns: 300 },
    );
  });

  test("forgets the text before", () => {
    const finder = new LiteralFinder(["secret"]);
    expect(found(finder, Buffer.from("a secret"))).toEqual(["0@2"]);
    expect(found(finder, Buffer.from("a sec"))).toEqual([]);
    expect(found(finder, Buffer.from(""))).toEqual([]);
  });

  test("finds literals at both ends of a full window", () => {
    const literals = ["key", "pass", "a-long-literal-of-more-than-sixteen-characters"];
    const finder = new LiteralFinder(literals);
    for (const text of literals) {
      const bytes = Buffer.alloc(LiteralFinder.WINDOW, "x");
      bytes.write(text);
      bytes.write(text, bytes.length - text.length);
      expect(found(finder, bytes)).toEqual(occurrences(literals, bytes));
    }
  });

  test("reports more hits than its list holds", () => {
    const literals = ["aaa", "aaaa", "aaaaa", "AAAAAA"];
    const bytes = Buffer.alloc(LiteralFinder.WINDOW, "a");
    const count = found(new LiteralFinder(literals), bytes).length;
    expect(count).toBe(4 * bytes.length - (2 + 3 + 4 + 5));
  });

  test("refuses literals that it cannot find", () => {
    for (const text of ["", "ab", "passwört", "a\x00bc", "x".repeat(4097)]) {
      expect(() => new LiteralFinder([text])).toThrow("a literal must have 3 to 4096 ASCII characters");
    }
  });
});
