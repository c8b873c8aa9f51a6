import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openContent } from "../src/content.ts";
import { unpacked } from "../src/unpack.ts";
import { chunked, readAll } from "./content.ts";

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
const label = "@400000005877dae32be5ffbc ";
const lineOf = fc.oneof(
  fc.string({ maxLength: 40, unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n]/g, "")),
  fc.constantFrom("", "\r", "x".repeat(200), `${label}text`, label, label.trim(), "@400000005877dae3zzzzzzzz no"),
);
const content = fc
  .tuple(fc.array(lineOf, { maxLength: 20 }), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([lines, end, ended]) => Buffer.from(lines.join(end) + (ended && lines.length > 0 ? end : "")));

test("records do not depend on how the content comes in chunks, on batches or on their limits", async () => {
  await fc.assert(
    fc.asyncProperty(
      content,
      sizes,
      fc.integer({ min: 1, max: 300 }),
      fc.option(fc.integer({ min: 1, max: 3 })),
      async (bytes, sizes, batchBytes, limit) => {
        const whole = await readAll(chunked(bytes, [100_000]), { maxLine: 100 });
        const maxLines = limit ?? undefined;
        const pieces = await readAll(chunked(bytes, sizes), { maxLine: 100, batchBytes, maxLines });
        expect(pieces.records).toEqual(whole.records);
      },
    ),
    { numRuns: 400 },
  );
});

test("reading goes on behind any batch with the same records", async () => {
  await fc.assert(
    fc.asyncProperty(content, sizes, fc.nat(), async (bytes, sizes, pick) => {
      const options = { maxLine: 100, batchBytes: 30 };
      const whole = await readAll(chunked(bytes, sizes), options);
      fc.pre(whole.ends.length > 0);
      const from = whole.ends[pick % whole.ends.length] as (typeof whole.ends)[number];
      const wanted = whole.records.filter(({ position }) => position >= from.offset);
      for (const stored of [bytes, gzipSync(bytes)]) {
        const rest = await openContent((offset) => chunked(stored.subarray(offset), [7]), from.offset);
        expect(rest.startsAt).toBe(stored === bytes && bytes.length >= 4 ? from.offset : 0);
        expect((await readAll(rest, { ...options, from })).records).toEqual(wanted);
      }
    }),
    { numRuns: 400 },
  );
});

test("a limit of lines holds", async () => {
  const bytes = Buffer.from("a\nb\nc\nd\ne");
  const { ends } = await readAll(chunked(bytes, [100]), { maxLines: 2 });
  expect(ends.map(({ offset }) => offset)).toEqual([4, 8, 9]);
});

test("labels of multilog become the time; a line without one stays as it is", async () => {
  const text = `${label}one\nno label\n${label.trim()}\n@400000005877dae6 short\n${label} two\r\n`;
  const { records, times } = await readAll(chunked(Buffer.from(text), [10]));
  expect(records.map((record) => record.text)).toEqual(["one", "no label", "", "@400000005877dae6 short", " two"]);
  const time = "2017-01-12T19:36:57.736493500Z";
  expect(times).toEqual([time, null, time, null, time]);
  expect(records.map(({ position }) => position)).toEqual([0, 30, 39, 65, 89]);
});

test("labels are left alone in content that does not begin with one", async () => {
  const { records } = await readAll(chunked(Buffer.from(`first\n${label}second\n`), [3]));
  expect(records.map((record) => record.text)).toEqual(["first", `${label}second`]);
});

test("of a torn archive the whole lines are handed on, and then its fault", async () => {
  const packed = gzipSync(Array.from({ length: 5000 }, (_, i) => `line ${i} ${Math.sin(i)}\n`).join(""));
  const { records, error } = await readAll(unpacked(chunked(packed.subarray(0, packed.length / 2), [1000])));
  expect(error?.message).toBe("its end is missing");
  expect(records.length).toBeGreaterThan(1000);
  for (const [i, { text }] of records.entries()) expect(text).toBe(`line ${i} ${Math.sin(i)}`);
});
