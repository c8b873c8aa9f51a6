import { LiteralFinder } from "@sluice/literals";
import * as fc from "fast-check";
import { expect, test } from "vitest";

const finder = new LiteralFinder(["secret"]);

interface Marks {
  readonly digits: number[];
  readonly runs: number[];
  readonly dots: number[];
}

function load(text: string): void {
  const { input } = finder;
  finder.load(input.length < text.length ? 0 : Buffer.from(input.buffer, input.byteOffset).write(text, "latin1"));
}

function marks(text: string): Marks {
  load(text);
  const found: Marks = { digits: [], runs: [], dots: [] };
  finder.marks({
    digits: (at) => found.digits.push(at),
    run: (at) => found.runs.push(at),
    dots: (at) => found.dots.push(at),
  });
  return found;
}

const ranges = (text: string, pattern: RegExp): [start: number, end: number][] =>
  [...text.matchAll(pattern)].map(({ 0: match, index }) => [index, index + match.length]);

const piece = fc.oneof(
  fc.constantFrom(".", ".google.", ".......", "%", "\\", "\\\\", " ", "-", "\n", "=", "/", "+"),
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789 -")), minLength: 8, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...Array.from("aZ09+/")), minLength: 60, maxLength: 70 }),
  fc.string({ unit: "binary-ascii", maxLength: 20 }),
);
const texts = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));

test("lines with escapes are all named, in order", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const wanted = ranges(text, /[^\n]*[%\\][^\n]*/g).map(([start, end]) => {
        return { start, end, hasDoubled: text.slice(start, end).includes("\\\\") };
      });
      const found: object[] = [];
      load(text);
      finder.escaped((start, end, hasDoubled) => found.push({ start, end, hasDoubled }));
      expect(found).toEqual(wanted);
    }),
  );
});

test("every number of 11 characters is named, and nothing else", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const wanted = ranges(text, /[0-9][0-9 -]{10,}/g);
      const { digits } = marks(text);
      for (const [start, end] of wanted) expect(digits.some((at) => at >= start && at < end)).toBe(true);
      for (const at of digits) expect(wanted.some(([start, end]) => at >= start && at < end)).toBe(true);
    }),
  );
});

test("every run of 64 is named, and no run shorter than 48", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const { runs } = marks(text);
      const inside = ([start, end]: [number, number]) => runs.some((at) => at >= start && at < end);
      expect(ranges(text, /[A-Za-z0-9+/]{64,}/g).every(inside)).toBe(true);
      const long = ranges(text, /[A-Za-z0-9+/]{48,}/g);
      for (const at of runs) expect(long.some(([start, end]) => at >= start && at < end)).toBe(true);
    }),
  );
});

test("pairs of dots with six other bytes between them are all named once, in order", () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(marks(text).dots).toEqual(ranges(text, /\.(?=[^.]{6}\.)/g).map(([start]) => start));
    }),
  );
});
