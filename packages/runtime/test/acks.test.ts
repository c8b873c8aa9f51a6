import { newTally } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type BatchResult, Settlement } from "../src/acks/settlement.ts";
import { SourceAcks } from "../src/acks/source-acks.ts";
import { type Ledger, newLedger } from "../src/state/ledger.ts";

const resultOf = (ledger: Ledger): BatchResult => ({ ledger, outcome: "delivered", held: undefined });

test("model: whatever the order of acks, positions move in order, never past an open batch, each batch counted once", () => {
  const command = fc.oneof(fc.record({ emit: fc.constantFrom("a", "b", "c") }), fc.record({ settle: fc.nat() }));
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const read: Record<string, number> = {};
      const settled = new Set<string>();
      const position: Record<string, number> = {};
      let counted = 0;
      const open: { key: string; n: number; settle: () => void }[] = [];
      const acks = new SourceAcks(({ streamKey: key, position: at, ledger }) => {
        expect(at).toBe((position[key] ?? 0) + 1);
        position[key] = at as number;
        counted += ledger.in;
        for (let n = 1; n <= position[key]; n++) expect(settled.has(`${key} ${n}`)).toBe(true);
      });
      for (const step of commands) {
        if ("emit" in step) {
          const n = (read[step.emit] ?? 0) + 1;
          read[step.emit] = n;
          const done = acks.track({ streamKey: step.emit, position: n });
          open.push({ key: step.emit, n, settle: () => done(resultOf({ ...newLedger(), in: 1 })) });
        } else if (open.length > 0) {
          const [batch] = open.splice(step.settle % open.length, 1);
          settled.add(`${batch?.key} ${batch?.n}`);
          batch?.settle();
        }
        for (const key of ["a", "b", "c"]) expect(acks.open(key)).toBe((read[key] ?? 0) - (position[key] ?? 0));
      }
      for (const { key, n, settle } of open.toReversed()) {
        settled.add(`${key} ${n}`);
        settle();
      }
      expect(position).toEqual(read);
      expect(counted).toBe(Object.values(read).reduce((sum, n) => sum + n, 0));
      expect(acks.open()).toBe(0);
    }),
  );
});

test("idle resolves once every batch is settled", async () => {
  const acks = new SourceAcks(() => {});
  await acks.idle();
  const settle = acks.track({ streamKey: "a", position: 1 });
  let idle = false;
  const waiting = acks.idle().then(() => (idle = true));
  await Promise.resolve();
  expect(idle).toBe(false);
  settle(resultOf(newLedger()));
  await waiting;
});

test("the books of a batch add up, whatever the sinks report", () => {
  const part = fc.record({ delivered: fc.nat(20), dead: fc.nat(20), failed: fc.nat(20) });
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.array(part, { minLength: 1, maxLength: 4 }), (kept, dropped, parts) => {
      const tally = { ...newTally(), in: kept + dropped, kept, dropped: { drop: dropped } };
      let closed = 0;
      const settlement = new Settlement(parts.length, tally, ({ ledger, outcome }) => {
        closed++;
        const lost = Object.values(ledger.dropped).reduce((sum, n) => sum + n, 0);
        expect(ledger.delivered + lost).toBe(ledger.in);
        expect(ledger.delivered).toBeGreaterThanOrEqual(0);
        expect(outcome).toBe(parts.some((p) => p.dead + p.failed > 0) ? "rejected" : "delivered");
      });
      for (const [index, { delivered, dead, failed }] of parts.entries()) {
        expect(closed).toBe(0);
        const lost = { dead_letter: dead, delivery_failed: failed };
        settlement.settle(`sink ${index}`, { delivered, deliveredBytes: delivered, dropped: lost });
      }
      expect(closed).toBe(1);
    }),
  );
});

test("with one sink, events that its `when` did not take are counted as unrouted", () => {
  const tally = { ...newTally(), in: 10, kept: 10 };
  const books = newLedger();
  new Settlement(1, tally, ({ ledger }) => Object.assign(books, ledger)).settle("out", {
    delivered: 6,
    deliveredBytes: 60,
    dropped: { dead_letter: 1 },
  });
  expect(books).toMatchObject({ in: 10, delivered: 6, dropped: { unrouted: 3, dead_letter: 1 } });
});
