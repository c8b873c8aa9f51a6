import type { Event, Framing, Program, SinkSpec, StepSpec } from "@sluice/core";
import { openTraffic } from "@sluice/generate";
import { compileProgram } from "@sluice/program";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readPatternFiles } from "../packages/cli/src/patterns.ts";
import { registry } from "../packages/cli/src/registry.ts";
import { compileStages } from "../packages/program/src/stages.ts";
import { Variants } from "../packages/program/src/variants.ts";

// Pipelines that are more than one parser and one sink stay in the kernel: several sinks have one each, and steps that
// concern few lines name these. Whatever a line holds, every sink has to get what it gets from the plain program, and the
// books have to count the line once.

const COMMON = {
  batch: { events: 1, bytes: 1, age: 1 },
  retry: { initial: 1, max: 1, attempts: "unlimited" },
  buffer: { type: "memory", size: 1, when_full: "block" },
} as const;

const SINKS: SinkSpec[] = [
  { ...COMMON, name: "lines", type: "file", options: { path: "/nowhere" } },
  // GELF changes what Graylog would refuse and limits frames, so its kernel hands back lines that the other one takes.
  { ...COMMON, name: "graylog", type: "gelf", options: { address: "tcp://127.0.0.1:1" } },
  { ...COMMON, name: "datagrams", type: "gelf", options: { address: "tcp://127.0.0.1:2" } },
];

const PARSE: StepSpec = { type: "parse", options: "nginx" };
const SANITIZE: StepSpec = { type: "sanitize", options: "default" };
const PARSE_JSON: StepSpec = {
  type: "parse",
  options: "json",
  when: 'message.startsWith("{") && !has(http.request.method)',
};
const drop = (options: string): StepSpec => ({ type: "drop", options });
const set = (options: Record<string, string>): StepSpec => ({ type: "set", options });

const PIPELINES: Record<string, { steps: StepSpec[]; sinks?: SinkSpec[] }> = {
  "nothing parsed": { steps: [SANITIZE], sinks: SINKS },
  "several sinks": { steps: [PARSE, SANITIZE], sinks: SINKS },
  "the same sinks in another order": { steps: [PARSE, SANITIZE], sinks: SINKS.toReversed() },
  "a drop": { steps: [PARSE, drop('url.path == "/healthz"')] },
  "drops of all kinds, before and after other steps": {
    steps: [
      PARSE,
      drop('url.path.startsWith("/health") && http.request.method in ["GET", "HEAD"] || source.ip == "1.2.3.9"'),
      set({ "service.name": "web" }),
      drop('http.response.status_code == 404 && service.name == "web"'),
      SANITIZE,
      drop('url.query.contains("[redacted:")'),
    ],
    sinks: SINKS,
  },
  "a drop by what the stream says": { steps: [PARSE, drop('log.file.path.endsWith(".log") && url.path == "/x"')] },
  "conditions about the stream that hold": {
    steps: [
      { ...PARSE, when: 'log.file.path.endsWith(".log") && !has(container.name)' },
      { ...set({ "service.name": "web" }), when: 'log.file.path == "/x.log"' },
      SANITIZE,
    ],
    sinks: SINKS,
  },
  "conditions about the stream that do not hold": {
    steps: [
      { ...PARSE, when: 'log.file.path == "/y"' },
      { ...SANITIZE, when: "has(container.name)" },
    ],
  },
  "a condition about how lines begin": { steps: [PARSE, PARSE_JSON, SANITIZE], sinks: SINKS },
  "conditions about the stream and about how lines begin": {
    steps: [{ ...PARSE, when: 'log.file.path == "/y"' }, PARSE_JSON, SANITIZE],
  },
  "a condition about what a step before it sets": {
    steps: [PARSE, { ...set({ "labels.a": "one" }), when: "http.response.status_code == 404" }, SANITIZE],
  },
  "a drop by what was set and is set anew": {
    steps: [PARSE, set({ "labels.a": "one" }), drop('labels.a == "one"'), set({ "labels.a": "two" })],
  },
};

async function compile(kernel: boolean, { steps, sinks = SINKS.slice(0, 1) }: (typeof PIPELINES)[string]) {
  const pipeline = { name: "p", file: "p.yaml", baseDir: ".", sources: [], steps, sinks, tests: [] };
  return compileProgram({ pipeline, patterns: await readPatternFiles(), hostname: "h", stamp: true, kernel }, registry);
}

function run(program: Program, data: Uint8Array<ArrayBuffer>, framing: Framing = { kind: "lines", base: 0 }) {
  const stream = { id: "f1", fields: { "log.file.path": "/x.log" }, positionField: "log.offset" };
  const input = { stream, data: data.slice(), framing, now: 1_767_950_000_000 };
  const { outputs, tally } = program.run(input);
  return {
    tally,
    outputs: outputs.map((output) => output && [Buffer.from(output.bytes).toString("latin1"), [...output.ends]]),
  };
}

/** The lines of `data`, each ended by one, as records with times of their own. */
function stamped(data: Uint8Array<ArrayBuffer>, seed: number): Framing {
  const lines = Buffer.from(data).toString("latin1").split("\n").slice(0, -1);
  let at = 0;
  const starts = Uint32Array.from(lines, ({ length }) => (at += length + 1) - length - 1);
  const ends = starts.map((start, i) => start + (lines[i] as string).replace(/\r$/, "").length);
  const seconds = Float64Array.from(lines, (_, i) => 1 + seed + i * 400);
  const times = lines.map((_, i) => {
    const nanos = ["000000000", "000000001", "120000000", "999999999"][(seed + i) % 4];
    return new Date((seconds[i] as number) * 1000).toISOString().replace("000Z", `${nanos}Z`);
  });
  const positions = Float64Array.from(lines, (_, i) => 2 ** 52 + seed + i * 3);
  const stamps = { texts: new Uint8Array(Buffer.from(times.join(""))), seconds };
  return { kind: "records", starts, ends, positions, stamps };
}

const request = (path: string, agent: string): string =>
  `1.2.3.4 - - [10/Jan/2026:13:06:27 +0000] "GET ${path} HTTP/1.1" 200 7 "-" "${agent}"`;
const LINES = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 999 }).map((seed) => traffic(seed, 1).trimEnd()), weight: 4 },
  fc.constantFrom(
    request("/login?password=hunter2hunter2", "curl/8"),
    request("/x", "a".repeat(40_000)),
    request(`/${"b".repeat(33_000)}`, "-"),
    request("/grün", "ünïcode 你好"),
    request("/healthz", "kube-probe/1.29"),
    request("/healthy?x=1.2.3.9", "curl/8"),
    request("/x?healthz", "404"),
    request("/gone", "curl/8").replace(" 200 ", " 404 "),
    "no request at all",
    '{"log":{"level":"error"},"message":"no stock","order":7}',
    '{"password":"hunter2hunter2"}',
    ' {"a":1}',
    "{",
    "{\r",
    "",
    "\0\u0001\u007f",
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
);

function traffic(seed: number, count: number): string {
  return Buffer.from(openTraffic("nginx", { seed }).block(count)).toString();
}

test("steps under conditions about the stream are chosen by it, and those about the line send it the plain way", async () => {
  const when = (condition: string, step = PARSE) => ({ ...step, when: condition });
  const choose = async (steps: StepSpec[], fields: Event) => {
    const pipeline = { name: "p", file: "p.yaml", baseDir: ".", sources: [], steps, sinks: SINKS, tests: [] };
    const spec = { pipeline, patterns: await readPatternFiles(), hostname: "h", stamp: true, kernel: true };
    return new Variants(await compileStages(spec, registry), true).of({ id: "s", fields, positionField: "log.offset" });
  };
  const nginx = 'container.image.name.matches("(^|/)nginx$")';
  for (const image of ["shop/nginx", "shop/other"]) {
    expect(await choose([when(nginx), PARSE_JSON, SANITIZE], { "container.image.name": image })).not.toBeNull();
  }
  for (const condition of [
    "message == 'x'",
    "log.offset > 7",
    "has(tags)",
    "self['@timestamp'] > 'x'",
    "'a' in tags",
  ]) {
    expect([condition, await choose([when(condition)], {})]).toEqual([condition, null]);
  }
  const after = set({ "labels.a": "one" });
  expect(await choose([PARSE, when("has(http.request.method)", after)], {})).toBeNull();
  expect(await choose([when("has(x)"), when("has(http.request.method)", after)], {})).not.toBeNull();
  expect(await choose([when("has(x)"), when("has(http.request.method)", after)], { x: "y" })).toBeNull();
});

describe.each(Object.entries(PIPELINES))("%s", (_name, pipeline) => {
  let fast: Program;
  let plain: Program;
  beforeAll(async () => {
    [fast, plain] = await Promise.all([compile(true, pipeline), compile(false, pipeline)]);
  });

  test("stays in the kernel", () => {
    expect(fast.constructor).not.toBe(plain.constructor);
  });

  test("makes of every line what the plain way makes of it, and counts it once", () => {
    fc.assert(
      fc.property(fc.array(LINES, { maxLength: 12 }), fc.boolean(), (lines, ends) => {
        const data = new Uint8Array(Buffer.from(lines.join("\n") + (ends ? "\n" : "")));
        expect(run(fast, data)).toEqual(run(plain, data));
      }),
      { numRuns: 150 },
    );
  });

  test("makes the same of lines with times of their own", () => {
    fc.assert(
      fc.property(fc.array(LINES, { maxLength: 12 }), fc.nat(4_000_000_000), (lines, seed) => {
        const data = new Uint8Array(Buffer.from(lines.map((line) => `${line}\n`).join("")));
        expect(run(fast, data, stamped(data, seed))).toEqual(run(plain, data, stamped(data, seed)));
      }),
      { numRuns: 150 },
    );
  });

  test("takes bytes that are no UTF-8 like the plain way", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const around = [Buffer.from(traffic(7, 2)), bytes, Buffer.from(`\n${traffic(8, 1)}`)];
        const data = new Uint8Array(Buffer.concat(around));
        expect(run(fast, data)).toEqual(run(plain, data));
      }),
      { numRuns: 150 },
    );
  });
});

test("finds the times of lines in batches that take several windows", async () => {
  const pipeline = { steps: [SANITIZE], sinks: SINKS };
  const [fast, plain] = await Promise.all([compile(true, pipeline), compile(false, pipeline)]);
  const lines = Array.from({ length: 9000 }, (_, i) => (i % 997 === 0 ? "\u0001" : `${i} ${request("/x", "y")}`));
  const data = new Uint8Array(Buffer.from(lines.map((line) => `${line}\n`).join("")));
  const framing = stamped(data, 1_700_000_000);
  expect(run(fast, data, framing)).toEqual(run(plain, data, framing));
});
