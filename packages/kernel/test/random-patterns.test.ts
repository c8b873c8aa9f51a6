import type { ParsePlan } from "@sluice/core";
import { compileKernel } from "@sluice/kernel";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ndjson } from "./support/encoders.ts";
import { type RandomPattern, randomPattern, withHeader } from "./support/random-patterns.ts";
import { Reference, runKernel, type Setup } from "./support/reference.ts";

const NOISE = ["", " ", "x", "ab é", "-", '"', "\t", "\\", "€"];

/** @param plain whether lines of a pattern are for the plain path. */
function planOf(patterns: readonly RandomPattern[], plain: (pattern: number) => boolean): ParsePlan {
  return {
    patterns: patterns.map(({ source, groups }, i) => ({
      plain: plain(i),
      source,
      captures: Array.from({ length: groups }, (_, g) => ({
        group: g + 1,
        field: `g${g + 1}`,
        type: "string" as const,
      })),
      constants: [["which", i]],
    })),
  };
}

function linesFor(patterns: readonly RandomPattern[], numbers: readonly number[]): string[] {
  let used = 0;
  const pick = (n: number): number => ((numbers[used++ % numbers.length] as number) % 104_729) % n;
  return Array.from({ length: 20 }, () => {
    const text = (patterns[pick(patterns.length)] as RandomPattern).sample(pick);
    const at = pick(text.length + 1);
    const noise = NOISE[pick(NOISE.length)] as string;
    return (pick(2) === 0 ? text + noise : text.slice(0, at) + noise + text.slice(at + pick(2))).toWellFormed();
  });
}

it("random lists of expressions capture what a regular expression does", () => {
  let taken = 0;
  const lists = fc.array(randomPattern, { minLength: 1, maxLength: 3 });
  const numbers = fc.array(fc.nat(), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(lists, fc.option(randomPattern), numbers, (list, header, random) => {
      const patterns = header === null ? list : list.map((pattern) => withHeader(header, pattern));
      const setup: Setup = {
        plan: planOf(patterns, (i) => (random[i] as number) % 4 === 0),
        stream: { id: "s", fields: {} },
        encoder: ndjson,
        stamp: true,
      };
      const family = compileKernel({ plan: setup.plan, stamp: true, templateFor: (shape) => ndjson.template(shape) });
      if ("unplannable" in family || "unplannable" in family.forStream(setup.stream)) return;
      const reference = new Reference(setup);
      const data = new TextEncoder().encode(linesFor(patterns, random).join("\n"));
      const batch = { data, base: 0, now: 1e12 };
      const { frames, lines } = runKernel(setup, family, reference, batch);
      expect(frames).toEqual(reference.run(batch));
      taken += lines;
    }),
    { numRuns: 200 },
  );
  expect(taken).toBeGreaterThan(100);
}, 300_000);
