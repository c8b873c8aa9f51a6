import * as fc from "fast-check";
import { test } from "vitest";
import { Model, type Step } from "./model.ts";

const write = fc.record({
  do: fc.constant("write" as const),
  lines: fc.integer({ min: 1, max: 60 }),
  width: fc.integer({ min: 1, max: 90 }),
  tear: fc.boolean(),
});
const rotate = fc.record({
  do: fc.constant("rotate" as const),
  how: fc.constantFrom("rename" as const, "copytruncate" as const),
  pack: fc.constantFrom("no" as const, "no" as const, "gz" as const, "zst" as const),
});
const restart = fc.record({ do: fc.constant("restart" as const), at: fc.double({ min: 0, max: 1, noNaN: true }) });
const wait = fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 60 }) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: write },
  { weight: 3, arbitrary: rotate },
  { weight: 1, arbitrary: fc.constant({ do: "regrow" as const }) },
  { weight: 5, arbitrary: wait },
  { weight: 2, arbitrary: restart },
);
const script = fc.array(step, { minLength: 2, maxLength: 20 });

test.each(["log", "all"] as const)(
  "writes, rotations and restarts in any order: each line once, under one id (globs match: %s)",
  async (reach) => {
    const holds = fc.asyncProperty(script, async (steps) => await new Model(reach).play(steps));
    // Each script starts sources and waits for polls: shrinking would take minutes and find other interleavings.
    await fc.assert(holds, { numRuns: Number(process.env["FILE_MODEL_RUNS"] ?? 15), endOnFailure: true });
  },
  600_000,
);
