import { ByteWriter, type Event, type JsonTemplate, newTally, type ShapeField, type Value } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GelfEncoder } from "../src/encoder.ts";

const required = { optional: false };
const shape: ShapeField[] = [
  { field: "@timestamp", from: { kind: "timestamp" }, ...required },
  { field: "message", from: { kind: "message" }, ...required },
  { field: "event.id", from: { kind: "event-id" }, ...required },
  { field: "log.file.path", from: { kind: "constant", value: "/var/log/x" }, ...required },
  { field: "log.offset", from: { kind: "position" }, ...required },
  { field: "source.ip", from: { kind: "capture", type: "string" }, optional: true },
  { field: "http.response.status_code", from: { kind: "capture", type: "int" }, optional: true },
  { field: "event.category", from: { kind: "constant", value: ["web", "x"] }, ...required },
];

/** What a kernel does with a template. */
function fill(template: JsonTemplate, event: Event): string {
  return template.pieces
    .map((piece) => {
      if ("literal" in piece) return piece.literal;
      const value = event[piece.field] as string | number | undefined;
      if (value === undefined) return "";
      const seconds = (Date.parse(String(value)) / 1000).toFixed(3);
      const text = piece.as === "json" ? JSON.stringify(value).slice(1, -1) : piece.as === "epoch" ? seconds : value;
      return `${piece.before}${text}${piece.after}`;
    })
    .join("");
}

function encode(encoder: GelfEncoder, event: Event): string {
  const out = new ByteWriter();
  encoder.encode(event, out, newTally());
  return new TextDecoder().decode(out.take());
}

test("writes what the encoder writes for every event of its shape", () => {
  const encoder = new GelfEncoder('b"x', "\0");
  const template = encoder.template(shape);
  expect(template).not.toBeNull();
  const text = fc.string({ unit: "grapheme", minLength: 1 }).map((s) => `-${s}`);
  const events = fc.record({
    // The earliest millisecond that GELF can say stands for all earlier times too, and these are marked.
    ms: fc.integer({ min: 2, max: 4e12 }),
    message: text,
    offset: fc.nat(),
    ip: fc.option(text, { nil: undefined }),
    status: fc.option(fc.integer(), { nil: undefined }),
  });
  fc.assert(
    fc.property(events, ({ ms, message, offset, ip, status }) => {
      const event: Event = { "@timestamp": new Date(ms).toISOString(), message, "event.id": "a-1" };
      event["log.file.path"] = "/var/log/x";
      event["log.offset"] = offset;
      if (ip !== undefined) event["source.ip"] = ip;
      if (status !== undefined) event["http.response.status_code"] = status;
      event["event.category"] = ["web", "x"];
      expect(fill(template as JsonTemplate, event)).toBe(encode(encoder, event));
    }),
  );
});

test("takes host and level from constants", () => {
  const constant = (field: string, value: Value): ShapeField => ({
    field,
    from: { kind: "constant", value },
    ...required,
  });
  const extra = [constant("host.name", "web"), constant("log.level", "error")];
  const template = new GelfEncoder("box", "").template([...shape, ...extra]);
  const event = { "@timestamp": "2017-01-10T16:06:27.000Z", message: "m", "event.id": "1", "log.offset": 2 };
  expect(fill(template as JsonTemplate, event)).toBe(
    '{"version":"1.1","host":"web","short_message":"m","timestamp":1484064387.000,"level":3,"_event_id":"1",' +
      '"_log_file_path":"/var/log/x","_log_offset":2,"_event_category":"web, x","_host_name":"web","_log_level":"error"}',
  );
});

test.each<[string, ShapeField]>([
  ["a host out of the line", { field: "host.name", from: { kind: "capture", type: "string" }, ...required }],
  ["a level out of the line", { field: "log.level", from: { kind: "capture", type: "string" }, ...required }],
  ["text where numbers belong", { field: "source.port", from: { kind: "capture", type: "string" }, ...required }],
  ["a name that Graylog uses", { field: "source", from: { kind: "capture", type: "string" }, ...required }],
  ["two fields of one name", { field: "source_ip", from: { kind: "capture", type: "string" }, ...required }],
  ["a constant that is left out", { field: "x", from: { kind: "constant", value: null }, ...required }],
  ["a constant that may be absent", { field: "x", from: { kind: "constant", value: "y" }, optional: true }],
])("promises nothing for %s", (_, field) => {
  expect(new GelfEncoder("box", "\0").template([...shape, field])).toBeNull();
});

test("promises nothing without a message or a time", () => {
  const encoder = new GelfEncoder("box", "\0");
  expect(encoder.template(shape.filter(({ field }) => field !== "message"))).toBeNull();
  expect(encoder.template(shape.filter(({ field }) => field !== "@timestamp"))).toBeNull();
});
