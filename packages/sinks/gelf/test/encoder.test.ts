import { ByteWriter, type Event, newTally, type Tally, type Value } from "@sluice/core";
import { GraylogCodec } from "@sluice/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GelfEncoder } from "../src/encoder.ts";
import { MAX_FRAME } from "../src/limits.ts";
import { KeyTable } from "../src/names.ts";
import { encodePlain } from "../src/plain-encoder.ts";

const AT = "2017-01-10T16:06:27.123Z";

function frame(event: Event, tally: Tally = newTally(), encoder = new GelfEncoder("box", "\0")): string {
  const out = new ByteWriter();
  encoder.encode(event, out, tally);
  return new TextDecoder().decode(out.take());
}

function encoded(event: Event, tally: Tally = newTally(), encoder = new GelfEncoder("box", "\0")) {
  const text = frame({ "@timestamp": AT, message: "m", ...event }, tally, encoder);
  expect(text.endsWith("\0")).toBe(true);
  return JSON.parse(text.slice(0, -1)) as Record<string, unknown>;
}

describe("a GELF frame", () => {
  test("has the fields of GELF 1.1 and the event's own in order", () => {
    const event = {
      "@timestamp": AT,
      message: 'say "hi"',
      "event.id": "a-1",
      "source.ip": "::1",
      "url.port": 80,
      ok: true,
    };
    expect(frame(event)).toBe(
      '{"version":"1.1","host":"box","short_message":"say \\"hi\\"","timestamp":1484064387.123,"level":6,' +
        '"_event_id":"a-1","_source_ip":"::1","_url_port":80,"_ok":"true"}\0',
    );
  });

  test("has no delimiter where each frame is a packet or request of its own", () => {
    expect(frame({ "@timestamp": AT, message: "m" }, newTally(), new GelfEncoder("box", "")).at(-1)).toBe("}");
  });

  test("takes host from host.name, else from the machine, and is never blank", () => {
    expect(encoded({ "host.name": "web-1" })).toMatchObject({ host: "web-1", _host_name: "web-1" });
    expect(encoded({ "host.name": " " })["host"]).toBe("box");
    // What an archive says of its machine is that machine, and no field that the first delivery had not.
    expect(encoded({ "agent.name": "edge" })["host"]).toBe("edge");
    expect(encoded({ "agent.name": "edge" })).not.toHaveProperty("_agent_name");
    expect(encoded({ "agent.name": "edge", "host.name": "web-1" })).toMatchObject({
      host: "web-1",
      _agent_name: "edge",
    });
    expect(encoded({ "agent.name": " " })).toMatchObject({ host: "box", _agent_name: " " });
    expect(encoded({}, newTally(), new GelfEncoder(" ", "\0"))["host"]).toBe("localhost");
  });

  test("splits a message of several lines", () => {
    const message = "first\r\nsecond\n";
    expect(encoded({ message })).toMatchObject({ short_message: "first", full_message: message });
    expect(encoded({ message: "\n\n  at x" })).toMatchObject({ short_message: "  at x", full_message: "\n\n  at x" });
    expect(encoded({ message: "one" })["full_message"]).toBeUndefined();
  });

  test.each(["", "  ", "\t\n", "\u3000", "\u0000", null])("stands in for the blank message %j", (message) => {
    const tally = newTally();
    expect(encoded({ message }, tally)["short_message"]).toBe("(no message)");
    expect(tally.adjusted["message_blank"]).toBe(1);
  });

  test("keeps a long line whole in full_message", () => {
    const message = "é".repeat(20_000);
    const gelf = encoded({ message });
    expect(Buffer.byteLength(gelf["short_message"] as string)).toBe(32_766);
    expect(gelf["full_message"]).toBe(message);
  });

  test.each([
    ["2017-01-10T16:06:27.999999999Z", "1484064387.999"],
    ["2017-01-10T16:06:27Z", "1484064387.000"],
    ["2017-01-10T13:06:27.5-03:00", "1484064387.500"],
    ["2016-12-31T23:59:60.250Z", "1483228800.250"],
    ["9999-12-31T23:59:59.999Z", "253402300799.999"],
  ])("writes the time %s with three decimals", (time, seconds) => {
    expect(frame({ "@timestamp": time, message: "m" })).toContain(`,"timestamp":${seconds},`);
  });

  test.each([
    ["1969-12-31T23:59:59.000Z", "timestamp_out_of_range"],
    ["1970-01-01T00:00:00.000Z", "timestamp_out_of_range"],
    ["yesterday", "timestamp_missing"],
    ["2017-02-30T00:00:00.000Z", "timestamp_missing"],
    ["2017-01-10T25:00:00.000Z", "timestamp_missing"],
  ])("keeps the time %s, which Graylog would replace, as text", (time, reason) => {
    const tally = newTally();
    expect(encoded({ "@timestamp": time }, tally)["_timestamp_str"]).toBe(time);
    expect(tally.adjusted).toEqual({ [reason]: 1 });
  });

  test.each([
    [{ "log.syslog.severity.code": 0, "log.level": "debug" }, 0],
    [{ "log.level": "WARN" }, 4],
    [{ "log.level": "Error" }, 3],
    [{ "log.level": "2" }, 2],
    [{ "log.syslog.priority": 165 }, 5],
    [{ "log.level": "constructor" }, 6],
    [{}, 6],
  ])("reads the level of %j", (event, level) => {
    expect(encoded(event as Event)["level"]).toBe(level);
  });

  test("renames what Graylog uses itself or does not allow", () => {
    const tally = newTally();
    const event = {
      id: "1",
      source: "a",
      _message: "b",
      level: "c",
      gl2_remote_ip: "d",
      "a b/c": "e",
      "@x": "f",
      __y: "g",
    };
    expect(encoded(event, tally)).toMatchObject({
      _field_id: "1",
      _field_source: "a",
      _field_message: "b",
      _field_level: "c",
      _field_gl2_remote_ip: "d",
      _a_b_c: "e",
      _x: "f",
      _y: "g",
    });
    expect(tally.adjusted).toEqual({ field_renamed: 8 });
  });

  test("gives the second of two fields with one name a name of its own, also when met for the first time", () => {
    const tally = newTally();
    const encoder = new GelfEncoder("box", "\0");
    expect(encoded({ "a.b": "1", a_b: "2", "a-b": "3" }, tally, encoder)).toMatchObject({
      _a_b: "1",
      _a_b_2: "2",
      "_a-b": "3",
    });
    expect(tally.adjusted).toEqual({ field_collision: 1 });
    expect(encoded({ a_b: "2" }, tally, encoder)).toMatchObject({ _a_b: "2" });
  });

  test("leaves out null and empty values, and counts them", () => {
    const tally = newTally();
    expect(Object.keys(encoded({ a: null, b: [], c: {} }, tally))).toEqual([
      "version",
      "host",
      "short_message",
      "timestamp",
      "level",
    ]);
    expect(tally.adjusted).toEqual({ null_left_out: 1, empty_left_out: 2 });
  });

  test("joins lists and flattens objects", () => {
    const event = {
      tags: ["a", "b"],
      list: [true, 2019, "str"],
      geo: { city: { name: "X" }, n: 1 },
      mixed: [{ a: 1 }, "b"],
    };
    expect(encoded(event)).toMatchObject({
      _tags: "a, b",
      _list: "true, 2019, str",
      _geo_city_name: "X",
      _geo_n: 1,
      _mixed: '{"a":1}, b',
    });
  });

  test("sends integers beyond 2^53 as text", () => {
    const tally = newTally();
    const event = { big: 2 ** 60, "source.bytes": "9223372036854775807", huge: 1e300 };
    expect(encoded(event, tally)).toMatchObject({
      _big: "1152921504606846976",
      _source_bytes: "9223372036854775807",
      _huge: "1e+300",
    });
    expect(tally.adjusted).toEqual({ integer_as_string: 2 });
  });

  test("keeps text out of fields of numbers, known ones and those seen", () => {
    const tally = newTally();
    const encoder = new GelfEncoder("box", "\0");
    expect(encoded({ "http.response.status_code": "-" }, tally, encoder)).toMatchObject({
      _http_response_status_code_str: "-",
    });
    expect(encoded({ took: 5 }, tally, encoder)).toMatchObject({ _took: 5 });
    expect(encoded({ took: "long" }, tally, encoder)).toMatchObject({ _took_str: "long" });
    expect(encoded({ took: Number.NaN }, tally, encoder)).toMatchObject({ _took_str: "NaN" });
    expect(encoded({ took: true }, tally, encoder)).toMatchObject({ _took_str: "true" });
    expect(tally.adjusted).toMatchObject({ type_misfit: 4 });
  });

  test("cuts a string field at a code point within 32,766 bytes", () => {
    const tally = newTally();
    const cut = encoded({ x: `a${"😀".repeat(10_000)}` }, tally)["_x"] as string;
    expect(Buffer.byteLength(cut)).toBe(32_765);
    expect(cut.isWellFormed()).toBe(true);
    expect(tally.adjusted).toEqual({ field_cut: 1 });
  });

  test("fits into a frame: full_message is cut first, and the event is tagged", () => {
    const tally = newTally();
    const text = frame({ "@timestamp": AT, message: `x\n${"\u0001".repeat(2_000_000)}`, tags: ["a"], y: "z" }, tally);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_FRAME);
    expect(Buffer.byteLength(text)).toBeGreaterThan(MAX_FRAME - 100);
    expect(JSON.parse(text.slice(0, -1))).toMatchObject({ short_message: "x", _tags: "_frame_cut, a", _y: "z" });
    expect(tally.adjusted).toEqual({ frame_cut: 1 });
  });

  test("fits into a frame: then the longest fields, then the last", () => {
    const longFields = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, "x".repeat(30_000 + i)]));
    const manyFields = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field_number_${i}`, i]));
    for (const fields of [longFields, manyFields]) {
      const text = frame({ "@timestamp": AT, message: "m", "event.id": "e", ...fields });
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_FRAME);
      expect(JSON.parse(text.slice(0, -1))).toMatchObject({ _event_id: "e", _tags: "_frame_cut" });
    }
  });
});

const name = fc.oneof(
  fc.constantFrom(
    "a.b",
    "a_b",
    "source.port",
    "id",
    "tags",
    "log.level",
    "host.name",
    "agent.name",
    "gl2_x",
    "_x",
    "x",
    "__proto__",
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const leaf = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "",
    " ",
    "\ud800",
    "12345678901234567890",
    "9007199254740993",
    "x".repeat(11_000),
    "é".repeat(33_000),
  ),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.constant(null),
);
const value = fc.oneof({ weight: 5, arbitrary: leaf }, fc.array(leaf), fc.dictionary(name, leaf), fc.jsonValue());
const time = fc.oneof(
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31") }).map((date) => date.toISOString()),
  fc.constantFrom("2017-01-10T16:06:27.123456789Z", "1960-01-01T00:00:00.000Z", "?", "2017-01-10T16:06:27,123Z"),
);
const event = fc
  .tuple(time, leaf, fc.dictionary(name, value, { maxKeys: 12 }))
  .map(([at, message, rest]) => ({ ...rest, "@timestamp": at, message }) as Event);

describe("for arbitrary events", () => {
  test("the fast and the plain encoder agree, counts included", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), (events) => {
        const encoder = new GelfEncoder("box", "\0");
        const keys = new KeyTable();
        for (const each of events) {
          const [fast, plain] = [newTally(), newTally()];
          const expected = new ByteWriter();
          encodePlain(each, "box", keys, plain, expected);
          expect(frame(each, fast, encoder)).toBe(`${new TextDecoder().decode(expected.take())}\0`);
          expect(fast.adjusted).toEqual(plain.adjusted);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("Graylog accepts each frame and leaves out only blank texts", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), (events) => {
        const encoder = new GelfEncoder("box", "\0");
        const graylog = new GraylogCodec();
        for (const each of events) {
          const out = new ByteWriter();
          encoder.encode(each, out, newTally());
          expect(out.length).toBeLessThanOrEqual(MAX_FRAME);
          const verdict = graylog.decode(out.take().subarray(0, -1));
          expect(verdict).toMatchObject({ accepted: true });
          const silent = verdict.accepted ? verdict.silent : [];
          expect(silent.filter((what) => !what.endsWith(": blank"))).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test("a value nested ten thousand deep is taken", () => {
  let deep: Value = "x";
  for (let i = 0; i < 10_000; i++) deep = i % 2 ? [deep] : { a: deep };
  expect(Object.keys(encoded({ deep })).length).toBe(6);
});
