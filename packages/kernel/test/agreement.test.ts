import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gelf, ndjson } from "./support/encoders.ts";
import { batchBytes, nginxLine, sshdLine } from "./support/lines.ts";
import { nginxPlan, STREAM, sshdPlan } from "./support/plans.ts";
import { familyOf, Reference, runKernel, type Setup } from "./support/reference.ts";

const SETUPS: readonly (readonly [name: string, setup: Setup, line: fc.Arbitrary<string>])[] = [
  ["nginx as GELF", { plan: nginxPlan(), stream: STREAM, encoder: gelf, stamp: true }, nginxLine],
  ["nginx as NDJSON", { plan: nginxPlan(), stream: STREAM, encoder: ndjson, stamp: true }, nginxLine],
  ["nginx without stamp", { plan: nginxPlan(), stream: STREAM, encoder: ndjson, stamp: false }, nginxLine],
  ["sshd as GELF", { plan: sshdPlan(), stream: STREAM, encoder: gelf, stamp: true }, sshdLine],
  ["sshd as NDJSON", { plan: sshdPlan(), stream: { id: "s", fields: {} }, encoder: ndjson, stamp: true }, sshdLine],
];

const place = fc.record({
  base: fc.oneof(
    fc.nat(2000),
    fc.maxSafeNat().map((n) => Math.max(0, n - 100_000)),
  ),
  now: fc.integer({ min: 1, max: 4e12 }),
});

describe("kernel and plain path agree", () => {
  it.each(SETUPS)("%s", { timeout: 300_000 }, (_, setup, line) => {
    const family = familyOf(setup);
    const reference = new Reference(setup);
    let taken = 0;
    let total = 0;
    fc.assert(
      fc.property(batchBytes(line), place, (data, { base, now }) => {
        const batch = { data, base, now };
        const expected = reference.run(batch);
        const { frames, lines, bailed } = runKernel(setup, family, reference, batch);
        expect(frames).toEqual(expected);
        expect(lines + bailed).toBe(expected.length);
        taken += lines;
        total += expected.length;
      }),
      { numRuns: 100 },
    );
    // The agreement would be worth nothing if the kernel handed back everything.
    expect(taken / total).toBeGreaterThan(0.05);
  });
});
