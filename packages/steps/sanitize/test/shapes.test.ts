import fc from "fast-check";
import { expect, test } from "vitest";
import type { Shape } from "../src/rule.ts";
import { findShape } from "../src/shapes.ts";

/** What the shapes are, as patterns that are tried everywhere. */
const PLAIN: readonly (readonly [Shape, RegExp])[] = [
  ["long-number", /\d(?:[ -]?\d){11,}/g],
  ["three-two-four", /(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)/g],
  ["dotted-token", /(?<=[\w-]{24})\.[\w-]{6}\.[\w-]{27}/g],
  ["base64-line", /(?<!\S)[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}){0,2}(?=\r?\n|\r?$)/g],
];

const run = fc
  .tuple(
    fc.constantFrom("x", "/9", "é", "7", "A-"),
    fc.constantFrom(1, 5, 6, 24, 27, 32, 35, 38, 63, 64, 65, 70, 76, 77, 82),
  )
  .map(([part, length]) => part.repeat(length));
const token = `${"a-".repeat(12)}.b-cdef.${"x".repeat(27)}`;
const between = fc.constantFrom("\n", "\r", "\r\n", " ", ".", "-", "123-45-6789", token, token.slice(1), "\t", "=");
const TEXT = fc.array(fc.oneof(run, between), { maxLength: 12 }).map((parts) => parts.join(""));

test.each(PLAIN)("%s: is found wherever it is", (shape, pattern) => {
  fc.assert(
    fc.property(TEXT, (text) => {
      const found: [number, number][] = [];
      findShape(shape, text, (start, end) => found.push([start, end]));
      const plain = Array.from(text.matchAll(pattern), ({ 0: all, index }) => [index, index + all.length]);
      expect(found).toEqual(plain);
    }),
    { numRuns: 2000 },
  );
});
