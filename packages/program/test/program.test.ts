import type { Encoder, Event, Registry, SinkDefinition, SinkSpec, StepDefinition, StepSpec } from "@sluice/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { compileProgram } from "../src/index.ts";

const json: Encoder = { encode: (event, out) => out.text(`${JSON.stringify(event)}\n`) };
const sink = {
  kind: "sink",
  type: "json",
  summary: "",
  options: z.any(),
  encoder: () => json,
} as unknown as SinkDefinition;

function step(type: string, spread: StepDefinition["spread"], apply: (event: Event) => Event | null): StepDefinition {
  return { kind: "step", type, summary: "", options: z.any(), spread, create: () => ({ apply }) };
}

const steps: Record<string, StepDefinition> = {
  shout: step("shout", "any", (event) => {
    event["message"] = (event["message"] as string).toUpperCase();
    return event;
  }),
  drop: step("drop", "any", (event) => (event["message"] === "b" ? null : event)),
  guard: {
    ...step("guard", "any", (event) => event),
    create: () => ({
      apply: (event) => event,
      skipped: (event) => (event["message"] === "b" ? null : Object.assign(event, { message: "withheld" })),
    }),
  },
  number: step("number", "by-stream", (event) => event),
};
const registry = {
  step: async (type: string) => steps[type],
  sink: async () => sink,
} as unknown as Registry;

const common = {
  type: "json",
  options: {},
  batch: { events: 1, bytes: 1, age: 1 },
  retry: { initial: 1, max: 1, attempts: "unlimited" },
  buffer: { type: "memory", size: 1, when_full: "block" },
} as const;

function compile(stepSpecs: StepSpec[], sinks: SinkSpec[] = [{ ...common, name: "a" }], stamp = false) {
  const pipeline = { name: "p", file: "p.yaml", baseDir: ".", sources: [], steps: stepSpecs, sinks, tests: [] };
  return compileProgram({ pipeline, patterns: {}, hostname: "h", stamp, kernel: true }, registry);
}

const stream = { id: "f1", fields: { "log.file.path": "/x" }, positionField: "log.offset" };
const input = (text: string, base = 0) => ({
  stream,
  data: new Uint8Array(Buffer.from(text)),
  framing: { kind: "lines" as const, base },
  now: 0,
});

function events(
  output: Awaited<ReturnType<typeof compile>> extends { run(...args: never[]): infer R } ? R : never,
  index = 0,
) {
  const batch = output.outputs[index];
  if (!batch) return [];
  let start = 0;
  return [...batch.ends].map((end) => {
    const frame = Buffer.from(batch.bytes.subarray(start, end)).toString();
    start = end;
    return JSON.parse(frame);
  });
}

test("an event carries its stream's fields, its position, and when stamped a time and an id", async () => {
  const program = await compile([], undefined, true);
  expect(events(program.run(input("x\ny\n", 15)))).toEqual([
    {
      "@timestamp": "1970-01-01T00:00:00.000Z",
      message: "x",
      "event.id": "f1-f",
      "log.file.path": "/x",
      "log.offset": 15,
    },
    {
      "@timestamp": "1970-01-01T00:00:00.000Z",
      message: "y",
      "event.id": "f1-11",
      "log.file.path": "/x",
      "log.offset": 17,
    },
  ]);
});

test("what a step drops is counted under its reason, and nothing else is lost", async () => {
  const program = await compile([{ type: "drop", options: {} }]);
  const output = program.run(input("a\nb\nc\n"));
  expect(events(output).map((event) => event.message)).toEqual(["a", "c"]);
  expect(output.tally).toMatchObject({ in: 3, kept: 2, dropped: { drop: 1 }, inBytes: 3 });
});

test("steps and sinks work only where their `when` holds", async () => {
  const program = await compile(
    [{ type: "shout", options: {}, when: 'message == "a"' }],
    [
      { ...common, name: "all" },
      { ...common, name: "some", when: 'message == "A"' },
      { ...common, name: "none", when: "absent == 1" },
    ],
  );
  const output = program.run(input("a\nb\n"));
  expect(events(output, 0).map((event) => event.message)).toEqual(["A", "b"]);
  expect(events(output, 1).map((event) => event.message)).toEqual(["A"]);
  expect(output.outputs[2]).toBeNull();
});

test("a record to skip goes on unparsed with a tag, and the record at work is shown", async () => {
  const program = await compile([{ type: "shout", options: {} }]);
  const progress = new Int32Array(1);
  const output = program.run({ ...input("a\nb\n"), skip: [0] }, progress);
  expect(events(output).map(({ message, tags }) => ({ message, tags }))).toEqual([
    { message: "a", tags: ["_timeout"] },
    { message: "B", tags: undefined },
  ]);
  expect(output.tally.tagged).toEqual({ _timeout: 1 });
  expect(progress[0]).toBe(1);
});

test("a step without which nothing may leave sees a skipped record too, whatever its `when` says", async () => {
  const program = await compile([
    { type: "shout", options: {} },
    { type: "guard", options: {}, when: "false" },
  ]);
  const output = program.run({ ...input("a\nb\nc\n"), skip: [0, 1] });
  expect(events(output).map(({ message }) => message)).toEqual(["withheld", "C"]);
  expect(output.tally).toMatchObject({ kept: 2, dropped: { guard: 1 }, tagged: { _timeout: 1 } });
});

test("the narrowest step says how far the program may be spread", async () => {
  expect((await compile([{ type: "shout", options: {} }])).spread).toBe("any");
  expect(
    (
      await compile([
        { type: "shout", options: {} },
        { type: "number", options: {} },
      ])
    ).spread,
  ).toBe("by-stream");
});

test("a program starts each batch anew", async () => {
  const program = await compile([]);
  expect(events(program.run(input("a\n")))).toHaveLength(1);
  expect(events(program.run(input("b\nc\n")))).toHaveLength(2);
});
