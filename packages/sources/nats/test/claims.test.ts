import fc from "fast-check";
import { expect, test } from "vitest";
import { Flight } from "../src/flight.ts";
import { claimEntry, KnownClaims } from "../src/known-claims.ts";
import { includesSeq, packSeqs, unpackSeqs } from "../src/seqs.ts";

const seqs = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.maxSafeInteger().filter((n) => n > 0),
    ),
  )
  .map((list) => list.sort((a, b) => a - b));

const entry = (id: string, covered: readonly number[], sink = "s3") => ({
  id,
  sink,
  by: "another",
  late: 1000,
  note: null,
  seqs: packSeqs(covered),
});

test("places in a stream come back as they were written, and are found", () => {
  fc.assert(
    fc.property(seqs, fc.integer({ min: 1, max: 300 }), (list, other) => {
      const read = unpackSeqs(packSeqs(list));
      expect([...read]).toEqual(list);
      expect(includesSeq(read, other)).toBe(list.includes(other));
    }),
  );
});

test("what others write into the log is a claim, or nothing", () => {
  const whole = entry("a", [1, 5]);
  expect(claimEntry(JSON.stringify(whole))).toEqual(whole);
  for (const body of [
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...whole, seqs: "no" }),
    JSON.stringify({ ...whole, late: "1" }),
  ])
    expect(claimEntry(body)).toBeUndefined();
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      expect(claimEntry(body)).toBeUndefined();
    }),
  );
});

test("100,000 places of which others have every second one take little room", () => {
  const list = Array.from({ length: 100_000 }, (_, i) => 5_000_000 + 2 * i);
  expect(packSeqs(list).length).toBeLessThan(1000);
});

test("a message is under all claims that name it, also in several parts, and no other", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), seqs)),
      fc.integer({ min: 1, max: 300 }),
      (all, seq) => {
        const claims = new KnownClaims();
        for (const [at, [id, list]] of all.entries()) claims.add(entry(`${id}`, list), at);
        const expected = new Set(all.filter(([, list]) => list.includes(seq)).map(([id]) => `${id}`));
        expect(new Set(claims.covering(seq).map(({ id }) => id))).toEqual(expected);
      },
    ),
  );
});

test("claims are forgotten when their messages have been acknowledged for long, not when a leader takes that back", () => {
  const claims = new KnownClaims();
  claims.add(entry("a", [1, 5]), 1);
  claims.add(entry("b", [2, 9]), 2);
  expect(claims.forget(5, 0, 100)).toBe(1);
  // A new leader has not heard of the last acknowledgement.
  expect(claims.forget(4, 60, 100)).toBe(1);
  expect(claims.forget(5, 110, 100)).toBe(1);
  expect(claims.forget(9, 210, 100)).toBe(2);
  expect(claims.get("a")).toBeUndefined();
  expect(claims.covering(9).map(({ id }) => id)).toEqual(["b"]);
  expect(claims.forget(9, 310, 100)).toBe(Number.POSITIVE_INFINITY);
});

test("what others claim of a flying batch makes it theirs for their sink, unless the batch was told of that claim", () => {
  const flight = new Flight();
  const claims = new KnownClaims();
  const one = flight.begin(0, [1, 4, 7], new Set());
  const told = flight.begin(3, [5, 6], new Set(["a"]));
  const later = flight.begin(5, [8, 9], new Set());
  flight.claimed("a", "s3", claims.add(entry("a", [2, 4, 5]), 1));
  expect([one, told, later].map((batch) => flight.isTaken([batch], "s3"))).toEqual([true, false, false]);
  expect(flight.isTaken([one], "other")).toBe(false);
  expect(flight.of({ from: 3, to: 7 })).toEqual([told, later]);
  flight.end(told);
  expect(flight.of({ from: 0, to: 7 })).toEqual([one, later]);
});

test("what is in flight when claims may have come and gone unseen is nobody's for certain; what comes later is ours", () => {
  const flight = new Flight();
  const old = flight.begin(0, [1], new Set());
  flight.doubt();
  const young = flight.begin(1, [2], new Set());
  expect([old, young].map((batch) => flight.isTaken([batch], "s3"))).toEqual([true, false]);
});
