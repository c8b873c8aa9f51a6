import type { Program, SinkSpec } from "@sluice/core";
import { openTraffic } from "@sluice/generate";
import { compileProgram } from "@sluice/program";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { readPatternFiles } from "../packages/cli/src/patterns.ts";
import { registry } from "../packages/cli/src/registry.ts";

// A pipeline with several sinks runs a kernel for each. Whatever a line holds, every sink has to get what it gets from
// the plain program, and the books have to count the line once.

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

async function compile(kernel: boolean, sinks: SinkSpec[]): Promise<Program> {
  const pipeline = {
    name: "p",
    file: "p.yaml",
    baseDir: ".",
    sources: [],
    steps: [
      { type: "parse", options: "nginx" },
      { type: "sanitize", options: "default" },
    ],
    sinks,
    tests: [],
  };
  return compileProgram({ pipeline, patterns: await readPatternFiles(), hostname: "h", stamp: true, kernel }, registry);
}

function run(program: Program, data: Uint8Array<ArrayBuffer>) {
  const stream = { id: "f1", fields: { "log.file.path": "/x.log" }, positionField: "log.offset" };
  const input = { stream, data: data.slice(), framing: { kind: "lines" as const, base: 0 }, now: 1_767_950_000_000 };
  const { outputs, tally } = program.run(input);
  return {
    tally,
    outputs: outputs.map((output) => output && [Buffer.from(output.bytes).toString("latin1"), [...output.ends]]),
  };
}

const WAYS: SinkSpec[][] = [SINKS, SINKS.toReversed()];
let programs: { fast: Program; plain: Program }[] = [];

beforeAll(async () => {
  programs = await Promise.all(
    WAYS.map(async (sinks) => ({ fast: await compile(true, sinks), plain: await compile(false, sinks) })),
  );
});

const request = (path: string, agent: string): string =>
  `1.2.3.4 - - [10/Jan/2026:13:06:27 +0000] "GET ${path} HTTP/1.1" 200 7 "-" "${agent}"`;
const LINES = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 999 }).map((seed) => traffic(seed, 1).trimEnd()), weight: 4 },
  fc.constantFrom(
    request("/login?password=hunter2hunter2", "curl/8"),
    request("/x", "a".repeat(40_000)),
    request(`/${"b".repeat(33_000)}`, "-"),
    request("/grün", "ünïcode 你好"),
    "no request at all",
    "",
    "\0\u0001\u007f",
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
);

function traffic(seed: number, count: number): string {
  return Buffer.from(openTraffic("nginx", { seed }).block(count)).toString();
}

test("every sink gets from its kernel what it gets the plain way, and lines are counted once", () => {
  fc.assert(
    fc.property(fc.array(LINES, { maxLength: 12 }), fc.boolean(), (lines, ends) => {
      const data = new Uint8Array(Buffer.from(lines.join("\n") + (ends ? "\n" : "")));
      for (const { fast, plain } of programs) expect(run(fast, data)).toEqual(run(plain, data));
    }),
    { numRuns: 300 },
  );
});

test("bytes that are no UTF-8 do not tell the ways apart", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const data = new Uint8Array(
        Buffer.concat([Buffer.from(traffic(7, 2)), bytes, Buffer.from(`\n${traffic(8, 1)}`)]),
      );
      for (const { fast, plain } of programs) expect(run(fast, data)).toEqual(run(plain, data));
    }),
    { numRuns: 300 },
  );
});

test("several sinks do not leave the kernels", () => {
  for (const { fast, plain } of programs) expect(fast.constructor).not.toBe(plain.constructor);
});
