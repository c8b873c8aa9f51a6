import type { EncodedBatch } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PartResult } from "../src/acks/settlement.ts";
import { OfferQueue } from "../src/sink/offers.ts";
import { linesOf } from "./support.ts";

function encode(frames: readonly string[]): EncodedBatch {
  let end = 0;
  const ends = Uint32Array.from(frames, (frame) => (end += Buffer.byteLength(frame)));
  return { bytes: new Uint8Array(Buffer.from(frames.join(""))), ends };
}

test("joining and splitting keeps every frame once, in order, within the limits; parts settle when all of theirs is", () => {
  const frames = fc.array(fc.stringMatching(/^[a-z]{0,12}$/), { minLength: 1, maxLength: 12 });
  const limits = fc.record({ events: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 10 }), limits, fc.nat(), (batches, { events, bytes }, seed) => {
      const queue = new OfferQueue({ events, bytes, age: 1000 });
      const results: PartResult[] = [];
      for (const batch of batches)
        queue.push(encode(batch.map((text) => `${text}\n`)), 0, (part) => results.push(part));
      const offers = [];
      for (let offer = queue.take(); offer; offer = queue.take()) offers.push(offer);
      expect(queue.events).toBe(0);
      expect(queue.bytes).toBe(0);
      expect(offers.flatMap((offer) => linesOf(offer.batch))).toEqual(batches.flat());
      for (const { batch } of offers) {
        expect(batch.ends.length).toBeLessThanOrEqual(events);
        if (batch.ends.length > 1) expect(batch.bytes.length).toBeLessThanOrEqual(bytes);
        expect(batch.ends.at(-1)).toBe(batch.bytes.length);
      }
      let lost = 0;
      for (const offer of offers.toReversed()) {
        const index = seed % (offer.batch.ends.length * 2);
        if (index < offer.batch.ends.length) lost++;
        offer.settle(new Set(index < offer.batch.ends.length ? [index] : []), "dead_letter");
      }
      expect(results.length).toBe(batches.length);
      const delivered = results.reduce((sum, part) => sum + part.delivered, 0);
      expect(results.reduce((sum, part) => sum + (part.dropped["dead_letter"] ?? 0), 0)).toBe(lost);
      expect(delivered + lost).toBe(batches.flat().length);
    }),
  );
});

test("an offer is due when it is full or old enough", () => {
  const queue = new OfferQueue({ events: 3, bytes: 100, age: 50 });
  expect(queue.dueIn(0)).toBe(Number.POSITIVE_INFINITY);
  queue.push(encode(["a\n"]), 1000, () => {});
  expect(queue.dueIn(1010)).toBe(40);
  expect(queue.dueIn(1060)).toBe(0);
  queue.push(encode(["b\n", "c\n"]), 1010, () => {});
  expect(queue.dueIn(1010)).toBe(0);
});

test("a sink that streams gets parts whole, and no more than is worth a write", () => {
  const queue = new OfferQueue({ events: 1, bytes: 3, age: 50 }, 2);
  queue.push(encode(["a\n", "bcd\n"]), 0, () => {});
  queue.push(encode(["e\n"]), 0, () => {});
  expect(queue.take()?.batch.ends).toHaveLength(2);
  expect(queue.take()?.batch.ends).toHaveLength(1);
  expect(queue.take()).toBeUndefined();
});
