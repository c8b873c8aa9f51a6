import { createSocket } from "node:dgram";
import { deflateSync, gunzipSync, gzipSync, inflateSync } from "node:zlib";
import { recordsOf, type SeenRecord } from "@sluice/testkit";
import { ChunkJoiner } from "@sluice/wire";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Framer, type FramingMode } from "../src/framer.ts";
import { decodeFrames, GelfDecoder } from "../src/gelf/decode.ts";
import { gelfSource } from "../src/index.ts";
import { RecordBuffer, type Records } from "../src/record-buffer.ts";
import { RunningSource, sendAll } from "./harness.ts";

const MAX_UNPACKED = 10_000;
const stream = { id: "x", fields: {} };

function seen(records: Records | null): SeenRecord[] {
  return records ? recordsOf({ ...records, stream, streamKey: "x" }) : [];
}

const isBlank = (bytes: Uint8Array) => bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));

const member = fc.constantFrom(
  "_a",
  "_tags",
  "___proto__",
  "_message",
  "_event_id",
  "_container_name",
  "_",
  "facility",
);
const message = fc
  .record(
    {
      short_message: fc.oneof(fc.string({ minLength: 1 }), fc.jsonValue()),
      full_message: fc.jsonValue(),
      timestamp: fc.oneof(fc.double(), fc.jsonValue()),
      level: fc.oneof(fc.integer(), fc.jsonValue()),
      host: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .chain((own) => fc.dictionary(member, fc.jsonValue({ maxDepth: 4 })).map((more) => ({ ...own, ...more })))
  .map((value) => Buffer.from(JSON.stringify(value)));
const anything = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
const magic = fc.constantFrom([0x1f, 0x8b], [0x1f, 0x8b, 8, 0], [0x78, 0x9c], [0x78, 0x01], [0x1e, 0x0f]);
const claims = fc.tuple(magic, anything).map(([head, rest]) => Buffer.concat([Buffer.from(head), rest]));
const packed = fc
  .tuple(message, fc.constantFrom(gzipSync, deflateSync), fc.nat(40))
  .map(([bytes, pack, cut]) => pack(bytes).subarray(0, -cut || undefined));
const payload = fc.oneof(message, anything, claims, packed);

describe("GELF payloads of anyone", () => {
  /** What the pipeline does with an event before it is written: it must not be able to break that. */
  function expectPassable(records: Records | null): void {
    if (records?.framing.kind !== "records") return;
    for (const fields of Object.values(records.framing.extra ?? {})) {
      expect(JSON.parse(JSON.stringify(structuredClone(fields)))).toBeDefined();
      expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
      expect(fields["log.source.address"]).toBe("peer");
    }
  }

  test("each becomes one record, and what is no GELF keeps its bytes", () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 6 }), (list) => {
        const decoder = new GelfDecoder(MAX_UNPACKED);
        for (const one of list) decoder.add(one, { "log.source.address": "peer" });
        const records = decoder.take();
        expectPassable(records);
        const all = seen(records);
        expect(all.length).toBe(list.length);
        for (const [i, { text, tags }] of all.entries()) {
          if (!tags.includes("_parse_failure")) continue;
          expect(contents(list[i] as Buffer)).toContain(text);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a body of several lines becomes as many records, and any other one", () => {
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 5 }), (list) => {
        const body = Buffer.concat(list.flatMap((one, i) => (i === 0 ? [one] : [Buffer.from("\n"), one])));
        const decoder = new GelfDecoder(MAX_UNPACKED);
        decoder.addBulk(body, { "log.source.address": "peer" });
        const records = decoder.take();
        expectPassable(records);
        expect(seen(records).length).toBeGreaterThan(0);
        const isPlain = list.every((one) => one[0] === 123 && one.at(-1) === 125);
        if (isPlain) expect(seen(records).length).toBe(list.length);
      }),
      { numRuns: 300 },
    );
  });

  test("over a connection, its chunks make no difference, and no frame vanishes", () => {
    const frame = payload.map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(500)), (list, places) => {
        const bytes = Buffer.concat(list.flatMap((one) => [one, Buffer.from("\0")]));
        const whole = overTcp([bytes]);
        expect(overTcp(cutAt(bytes, places))).toEqual(whole);
        expect(whole.length).toBe(list.filter((one) => !isBlank(one)).length);
      }),
      { numRuns: 200 },
    );
  });

  function overTcp(chunks: readonly Buffer[]): Pick<SeenRecord, "text" | "tags">[] {
    const out = new RecordBuffer();
    const framer = new Framer("nul", 1000, out);
    const decoder = new GelfDecoder(MAX_UNPACKED);
    for (const chunk of chunks) framer.push(chunk);
    framer.end(true);
    const records = out.take();
    if (records) decodeFrames(records, decoder);
    return seen(decoder.take()).map(({ text, tags }) => ({ text, tags }));
  }
});

/** The content of a payload as it came and, where it can be unpacked, unpacked. */
function contents(bytes: Buffer): string[] {
  const texts = [bytes.toString()];
  for (const unpack of [gunzipSync, inflateSync]) {
    try {
      texts.push(unpack(bytes).toString());
    } catch {
      // It is not packed that way.
    }
  }
  return texts.map((text) => text.replace(/\r$/, ""));
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i, all) => bytes.subarray(i === 0 ? 0 : all[i - 1], end));
}

test("messages nested without end become records as they came, over TCP, UDP and HTTP, and the next one is read", async () => {
  const nested = (depth: number) => [
    `{"short_message":"a","_a":${"[".repeat(depth)}${"]".repeat(depth)}}`,
    `{"short_message":"a","_tags":[${'{"a":'.repeat(depth)}1${"}".repeat(depth)}]}`,
  ];
  const good = '{"short_message":"good"}';
  await using tcp = await RunningSource.start(gelfSource, { address: "tcp://127.0.0.1:0" });
  await sendAll(await tcp.connect(), [...nested(100_000), ...nested(65), good].join("\0"));
  await tcp.until(() => tcp.texts.length === 5, "five records over TCP");
  await using udp = await RunningSource.start(gelfSource, { address: "udp://127.0.0.1:0" });
  const client = createSocket("udp4");
  for (const one of [...nested(5000), good]) client.send(one, udp.port, "127.0.0.1");
  await udp.until(() => udp.texts.length === 3, "three records over UDP");
  client.close();
  await using http = await RunningSource.start(gelfSource, { address: "http://127.0.0.1:0" });
  const body = [...nested(100_000), good].join("\n");
  expect((await fetch(`http://127.0.0.1:${http.port}/gelf`, { method: "POST", body })).status).toBe(202);
  await http.until(() => http.texts.length === 3, "three records over HTTP");
  for (const { ctx } of [tcp, udp, http]) {
    expect(ctx.records.map(({ text }) => text).filter((text) => text === "good")).toHaveLength(1);
    expect(ctx.records.every(({ text, tags }) => text === "good" || tags.includes("_parse_failure"))).toBe(true);
    for (const batch of ctx.batches) expect(() => structuredClone(batch)).not.toThrow();
  }
});

test("integers that a double cannot hold keep their digits", () => {
  const decoder = new GelfDecoder(MAX_UNPACKED);
  decoder.add(Buffer.from('{"short_message":"s","_id_of":12345678901234567890,"_small":5}'), {});
  const { framing } = decoder.take() as Records;
  expect(framing.kind === "records" && framing.extra?.[0]).toEqual({ id_of: "12345678901234567890", small: 5 });
});

describe("what is framed of anyone's bytes", () => {
  const parts = fc.constantFrom("\n", "\r\n", "\0", " ", "<1>", "0", "1", "2", "7", "12 ", "3 <", "x", "<34>1 - - -");
  const bytes = fc.array(parts, { maxLength: 80 }).map((list) => Buffer.from(list.join("")));

  function textsOf(mode: FramingMode, data: Buffer): string[] {
    const out = new RecordBuffer();
    const framer = new Framer(mode, 10_000, out);
    framer.push(data);
    framer.end(true);
    return seen(out.take()).map(({ text }) => text);
  }

  test.each([
    ["newline", "\n"],
    ["nul", "\0"],
  ] as const)("%s: is everything that came", (mode, end) => {
    fc.assert(
      fc.property(bytes, (data) => {
        const wanted = data.toString().split(end);
        if (wanted.at(-1) === "") wanted.pop();
        expect(textsOf(mode, data)).toEqual(wanted.map((text) => text.replace(/\r$/, "")));
      }),
      { numRuns: 500 },
    );
  });

  /** Whether the bytes are these records, one after the other, with nothing but counts and line ends around them. */
  function isMadeOf(all: string, [first, ...others]: readonly string[]): boolean {
    const ends = /^[\r\n]*/.exec(all)?.[0].length ?? 0;
    const starts = Array.from({ length: ends + 1 }, (_, i) => all.slice(i));
    const uncounted = starts.map((rest) => rest.replace(/^\d+ /, ""));
    // A count behind which nothing came is no record.
    if (first === undefined) return uncounted.includes("");
    const fits = (rest: string) => rest.startsWith(first) && isMadeOf(rest.slice(first.length), others);
    return [...starts, ...uncounted].some(fits);
  }

  test.each(["auto", "octet_counted"] as const)("%s: is everything but counts and line ends", (mode) => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(isMadeOf(data.toString(), textsOf(mode, data))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

test("each chunk of anyone's messages is part of one that is whole, waits, or is given up and counted", () => {
  const chunk = fc.record({ id: fc.nat(3), number: fc.nat(4), total: fc.nat(4), bytes: fc.nat(20), sender: fc.nat(1) });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 60 }), (list) => {
      const joiner = new ChunkJoiner({ messages: 3, bytes: 100 });
      let whole = 0;
      let known = 0;
      for (const { id, number, total, bytes: size, sender } of list) {
        const header = Buffer.from([0x1e, 0x0f, id, 0, 0, 0, 0, 0, 0, 0, number, total]);
        if (joiner.add(Buffer.concat([header, Buffer.alloc(size)]), 0, String(sender))) whole++;
        const begun = whole + joiner.waiting + joiner.dropped - known;
        known += begun;
        // It begins a message, is a message that cannot be, or belongs to one that is known.
        expect(begun).toBe(number >= total ? 1 : Math.min(begun, 1));
        expect(begun).toBeGreaterThanOrEqual(0);
      }
      joiner.clear();
      expect([joiner.waiting, joiner.bytes, joiner.dropped + whole]).toEqual([0, 0, known]);
    }),
    { numRuns: 500 },
  );
});
