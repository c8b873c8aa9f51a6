import { ByteWriter, type EncodedBatch, type Event, type LineFormat, newTally } from "@sluice/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { s3Encoder } from "../src/encoder.ts";
import { Partitioner } from "../src/partition.ts";

const NOW = Date.UTC(2017, 0, 12, 14, 34, 5, 123);

function encode(events: readonly Event[], format: LineFormat): EncodedBatch {
  const out = new ByteWriter();
  const encoder = s3Encoder(format);
  const ends = events.map((event) => {
    encoder.encode(event, out, newTally());
    return out.length;
  });
  return { bytes: out.take(), ends: Uint32Array.from(ends) };
}

/** What each event should be filed under. */
function reference(event: Event, granularity: number): string | null {
  const time = event["@timestamp"];
  if (granularity === 0) return "";
  if (typeof time !== "string" || Date.parse(time) === NOW) return null;
  return time.slice(0, granularity);
}

const time = fc
  .integer({ min: NOW - 3 * 3_600_000, max: NOW + 3_600_000 })
  .map((ms) => new Date(ms).toISOString())
  .chain((text) => fc.constantFrom(text, text.replace("Z", "456Z"), new Date(NOW).toISOString()));
const line = fc.record({ time: fc.option(time, { nil: undefined }), late: fc.boolean(), text: fc.string() });

function eventOf({ time: at, late, text }: { time: string | undefined; late: boolean; text: string }): Event {
  const message = text.replaceAll("\n", " ");
  if (at === undefined) return { message: `${message} "@timestamp":"2001-01-01T01:01:01.000Z"` };
  return late ? { message, "@timestamp": at } : { "@timestamp": at, message };
}

test.each([["ndjson"], ["raw"]] as const)("%s: each line lands under its own time, in order, unchanged", (format) => {
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom(0, 4, 7, 10, 13, 16), (lines, granularity) => {
      const events = lines.map(eventOf);
      const expected = new Map<string | null, string>();
      for (const event of events) {
        const key = reference(event, granularity);
        const text = format === "raw" ? (event["message"] as string) : JSON.stringify(event);
        expected.set(key, `${expected.get(key) ?? ""}${text}\n`);
      }
      const parcels = new Partitioner(granularity, format).split(encode(events, format), NOW);
      const got = new Map(parcels.map((parcel) => [parcel.time, Buffer.from(parcel.bytes).toString()]));
      expect(got.size).toBe(parcels.length);
      expect(got).toEqual(expected);
    }),
  );
});

test.each([["ndjson"], ["raw"]] as const)(
  "%s: a selection holds the wanted times' lines as the whole has them",
  (format) => {
    fc.assert(
      fc.property(
        fc.array(line),
        fc.constantFrom(0, 10, 13),
        fc.integer({ min: 1, max: 3 }),
        (lines, granularity, n) => {
          const batch = encode(lines.map(eventOf), format);
          const partitioner = new Partitioner(granularity, format);
          const isWanted = (at: string | null) => (at ?? "").length % n === 0 || (at ?? "").charCodeAt(12) % n === 0;
          const parcels = (one: EncodedBatch) =>
            partitioner.split(one, NOW).map((parcel) => [parcel.time, Buffer.from(parcel.bytes).toString()] as const);
          const wanted = parcels(batch).filter(([at]) => isWanted(at));
          expect(new Map(parcels(partitioner.select(batch, NOW, isWanted)))).toEqual(new Map(wanted));
        },
      ),
    );
  },
);
