import type { Encoder, Event, Registry, SinkDefinition, StepDefinition, TimeWindow } from "@sluice/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { compileProgram } from "../src/index.ts";
import { readOwnEvent } from "../src/own-event.ts";

const json: Encoder = { encode: (event, out) => out.text(`${JSON.stringify(event)}\n`) };
const sink = {
  kind: "sink",
  type: "json",
  summary: "",
  options: z.any(),
  encoder: () => json,
} as unknown as SinkDefinition;
const base = { kind: "step", summary: "", options: z.any(), spread: "any" } as const;
const steps: Record<string, StepDefinition> = {
  count: {
    ...base,
    type: "count",
    create: () => ({
      apply: (event) => Object.assign(event, { parsed: true, "@timestamp": "2020-01-01T00:00:00.000Z" }),
    }),
  },
  keep: {
    ...base,
    type: "keep",
    again: true,
    create: () => ({ apply: (event) => (event["message"] === "secret" ? null : event) }),
  },
  guard: {
    ...base,
    type: "guard",
    create: () => ({ apply: (event) => Object.assign(event, { guarded: true }), skipped: (event) => event }),
  },
};
const registry = { step: async (type: string) => steps[type], sink: async () => sink } as unknown as Registry;
const common = {
  name: "a",
  type: "json",
  options: {},
  batch: { events: 1, bytes: 1, age: 1 },
  retry: { initial: 1, max: 1, attempts: "unlimited" },
  buffer: { type: "memory", size: 1, when_full: "block" },
} as const;

async function replay(lines: readonly string[], options: { mayHoldEvents?: boolean; window?: TimeWindow } = {}) {
  const { mayHoldEvents = true, window } = options;
  const stepSpecs = ["count", "keep", "guard"].map((type) => ({ type, options: {} }));
  const pipeline = { name: "p", file: "p", baseDir: ".", sources: [], steps: stepSpecs, sinks: [common], tests: [] };
  const spec = { pipeline, patterns: {}, hostname: "h", stamp: true, kernel: true, ...(window && { window }) };
  const program = await compileProgram(spec, registry);
  const stream = { id: "x", fields: { "log.file.path": "/a" }, positionField: "log.offset", mayHoldEvents };
  const data = new Uint8Array(Buffer.from(lines.map((line) => `${line}\n`).join("")));
  const { outputs, tally } = program.run({ stream, data, framing: { kind: "lines", base: 0 }, now: 0 });
  const text = outputs[0] ? Buffer.from(outputs[0].bytes).toString() : "";
  const events = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
  return { events, tally };
}

const own = {
  "@timestamp": "2017-01-10T16:06:27.000000001Z",
  message: "GET /x",
  "event.id": "f-1",
  "url.path": "/x",
  tags: ["t"],
};

test("an archived event keeps its fields, time and id; of the steps it sees only those that run again or guard", async () => {
  const { events, tally } = await replay([JSON.stringify(own), "a line"]);
  expect(events[0]).toEqual({ ...own, guarded: true });
  expect(events[1]).toMatchObject({
    message: "a line",
    parsed: true,
    guarded: true,
    "event.id": expect.stringMatching(/^x-/),
  });
  expect(tally).toMatchObject({ in: 2, kept: 2 });
});

test("steps that decide still decide about it", async () => {
  const { events, tally } = await replay([JSON.stringify({ ...own, message: "secret" })]);
  expect(events).toEqual([]);
  expect(tally.dropped).toEqual({ keep: 1 });
});

test("the same line is a line like any other where the source does not promise archived events", async () => {
  const [event] = (await replay([JSON.stringify(own)], { mayHoldEvents: false })).events;
  expect(event).toMatchObject({ message: JSON.stringify(own), parsed: true, "log.offset": 0 });
});

test.each([
  ["no id", { ...own, "event.id": undefined }],
  ["an empty id", { ...own, "event.id": "" }],
  ["a number as id", { ...own, "event.id": 1 }],
  ["no message", { ...own, message: undefined }],
  ["a time that is none", { ...own, "@timestamp": "yesterday" }],
  ["a list", [own]],
  ["no object", "event.id"],
])("JSON with %s is a line", (_, value) => {
  expect(readOwnEvent(JSON.stringify(value))).toBeNull();
});

test("whatever an event holds, its line gives it back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (fields, message) => {
      const event = { ...fields, message, "@timestamp": "2017-01-10T16:06:27Z", "event.id": "i" };
      expect(readOwnEvent(JSON.stringify(event))).toEqual(JSON.parse(JSON.stringify(event)));
    }),
  );
});

test("the window of time is looked at after the steps, and counts what it drops", async () => {
  const at = (time: string) => JSON.stringify({ ...own, "@timestamp": time });
  const lines = [
    "2016-12-31T23:59:59.999999999Z",
    "2017-01-01T00:00:00.000Z",
    "2017-01-01T23:59:59.999Z",
    "2017-01-02T00:00:00Z",
  ];
  const window = { since: Date.UTC(2017, 0, 1), until: Date.UTC(2017, 0, 2) };
  const { events, tally } = await replay([...lines.map(at), "a line of 2020"], { window });
  expect(events.map((event) => event["@timestamp"])).toEqual(lines.slice(1, 3));
  expect(tally).toMatchObject({ in: 5, kept: 2, dropped: { outside_time: 3 } });
});
