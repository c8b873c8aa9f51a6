import type { Sink } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countingSource, linesOf, numbersOf, openTestState, programSpec, range, sinkSpec, start } from "./support.ts";

const LINES = 120;
const KEYS = ["a", "both"];

const scenario = fc.record({
  workers: fc.constantFrom(0, 1, 2),
  spread: fc.constantFrom("any", "by-stream", "single"),
  perBatch: fc.integer({ min: 1, max: 40 }),
  events: fc.integer({ min: 1, max: 50 }),
  bytes: fc.integer({ min: 1, max: 1000 }),
  age: fc.constantFrom(0, 3),
  size: fc.integer({ min: 1, max: 2000 }),
  overlapping: fc.boolean(),
  failing: fc.constantFrom(0, 0.2, 0.6),
  seed: fc.nat(),
  odd: fc.array(fc.tuple(fc.nat(LINES - 1), fc.constantFrom("throw", "exit", "drop")), { maxLength: 3 }),
});

test("whatever the settings and the failures, every line arrives and the books add up", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (chosen) => {
      const odd = new Map(chosen.odd.filter(([, word]) => chosen.workers > 0 || word !== "exit"));
      const line = (key: string, n: number) => (odd.has(n) ? `${key} ${n} ${odd.get(n)}` : `${key} ${n}`);
      let dice = chosen.seed;
      const fails = () => (dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32 < chosen.failing;
      const arrived: string[][] = [[], []];
      const sinks = arrived.map((lines, index) => {
        const sink: Sink = {
          async write(batch) {
            await new Promise((resolve) => setImmediate(resolve));
            if (fails()) throw new Error("refused");
            lines.push(...linesOf(batch).map((text) => text.replace(/^_timeout | (throw|exit)$/g, "")));
          },
        };
        const { events, bytes, age, size } = chosen;
        const spec = sinkSpec(`sink ${index}`, {
          batch: { events, bytes, age },
          retry: { initial: 1, max: 2, attempts: "unlimited" },
          buffer: { type: "memory", size, when_full: "block" },
        });
        return { spec, sink, overlapping: chosen.overlapping };
      });
      const state = openTestState();
      const run = await start({
        state,
        workers: chosen.workers,
        programSpec: programSpec({ sinks: "2", spread: chosen.spread }),
        sources: [
          { name: "s", source: countingSource({ streams: KEYS, lines: LINES, perBatch: chosen.perBatch, line }) },
        ],
        sinks,
      });
      const { ok, error, snapshot } = await run.done;
      const kept = range(LINES).filter((n) => odd.get(n) !== "drop");
      expect([ok, error]).toEqual([true, undefined]);
      for (const [index, lines] of arrived.entries()) {
        for (const key of KEYS) {
          const numbers = [...new Set(numbersOf(lines, key))];
          const wanted = index === 0 || key === "both" ? kept : [];
          expect(chosen.failing > 0 && chosen.overlapping ? numbers.sort((a, b) => a - b) : numbers).toEqual(wanted);
        }
      }
      expect(state.source("test", "s").all()).toEqual(new Map(KEYS.map((key) => [key, LINES])));
      expect(snapshot.ledger.in).toBe(2 * LINES);
      expect(snapshot.ledger.delivered).toBe(2 * kept.length);
      expect(snapshot.buffered).toBe(0);
      state.close();
    }),
    { numRuns: 40 },
  );
}, 300_000);
