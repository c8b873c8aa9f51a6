import type { PipelineSpec, ProgramOutput, StepSpec } from "@sluice/core";
import { compileProgram } from "@sluice/program";
import { expect, test } from "vitest";
import { GuardedSteps } from "../packages/cli/src/guarded-steps.ts";
import { programSpec } from "../packages/cli/src/program-spec.ts";
import { registry } from "../packages/cli/src/registry.ts";
import { GuardedProgram } from "../packages/runtime/src/workers/guarded-program.ts";

// A line on which a step hangs goes past the steps. It must not go past the sanitizer.

const SLOW = "(?:a|a)+b";
const HOSTILE = `${"a".repeat(60)} password=hunter2xyz`;
const WITHHELD = "[withheld: not checked for secrets]";

const parseHangs: StepSpec[] = [
  { type: "parse", options: { regex: `^(?<x>(?:a|a)*)b` } },
  { type: "sanitize", options: "default" },
];
const ruleHangs: StepSpec[] = [{ type: "sanitize", options: { custom: [{ name: "slow", pattern: SLOW }] } }];

test.each([
  ["parse", parseHangs, `${"a".repeat(60)} password=[redacted:password]`, ["_timeout"]],
  ["a rule of the pipeline file", ruleHangs, WITHHELD, ["_timeout", "_withheld"]],
] as const)("where %s hangs, nothing leaks from steps", async (_, steps, message, tags) => {
  const guarded = await GuardedSteps.create(programSpec({ steps, patterns: {} }));
  const events = await guarded.run(["b password=hunter2xyz", HOSTILE, "last"]);
  expect(events.map((event) => event["message"])).toEqual(["b password=[redacted:password]", message, "last"]);
  expect(events[1]?.["tags"]).toEqual(tags);
});

test.each([
  ["parse", parseHangs, { _parse_failure: 1, _timeout: 1 }],
  ["a rule of the pipeline file", ruleHangs, { _timeout: 1, _withheld: 1 }],
] as const)("where %s hangs, nothing leaks from a running program", async (_, steps, tagged) => {
  const spec = programSpec({ steps, patterns: {} });
  const sink = {
    name: "out",
    type: "stdout",
    options: {},
    batch: { events: 1, bytes: 1, age: 1 },
    retry: { initial: 1, max: 1, attempts: "unlimited" },
    buffer: { type: "memory", size: 1, when_full: "block" },
  };
  const pipeline = { ...spec.pipeline, sinks: [sink] } as unknown as PipelineSpec;
  const compile = () => compileProgram({ ...spec, pipeline, stamp: true, kernel: true }, registry);
  const guarded = new GuardedProgram(await compile(), compile, new Int32Array(8));
  const { output, timedOut } = await guarded.run({
    stream: { id: "s", fields: {} },
    data: new Uint8Array(Buffer.from(`b\n${HOSTILE}\nlast\n`)),
    framing: { kind: "lines", base: 0 },
    now: 0,
  });
  expect(timedOut).toEqual([1]);
  const text = Buffer.from(output.outputs[0]?.bytes ?? []).toString();
  expect(text.trim().split("\n")).toHaveLength(3);
  expect(text).not.toContain("hunter2");
  expect(output.tally.tagged).toMatchObject(tagged);
});

test("where parse hangs on joined lines, these go past the steps, and no others", async () => {
  const steps: StepSpec[] = [
    { type: "multiline", options: { start: "^\\S" } },
    { type: "parse", options: { regex: "^(?<x>(?:a|a)*)b" } },
    { type: "count", options: { every: "1h" } },
    { type: "sanitize", options: "default" },
  ];
  const spec = programSpec({ steps, patterns: {} });
  const sink = { name: "out", type: "stdout", options: {}, batch: {}, retry: {}, buffer: {} };
  const pipeline = { ...spec.pipeline, sinks: [sink] } as unknown as PipelineSpec;
  const compile = () => compileProgram({ ...spec, pipeline, stamp: true, kernel: true }, registry);
  const guarded = new GuardedProgram(await compile(), compile, new Int32Array(8));
  const text = `b 1\n${HOSTILE}\n more\nb 2\n${HOSTILE}\n`;
  const stream = { id: "s", fields: {} };
  const outputs: ProgramOutput[] = [];
  const run = async (batch: number, lines: string, tick?: "end") => {
    const data = new Uint8Array(Buffer.from(lines));
    const input = { stream, data, framing: { kind: "lines", base: batch * 1000 }, now: 0, batch } as const;
    const { output, timedOut } = await guarded.run(tick ? { ...input, tick } : input);
    expect(timedOut).toEqual([]);
    outputs.push(...(output.earlier ?? []).map((one) => one.output), output);
  };
  await run(1, text);
  await run(2, "b 3\n");
  await run(3, "", "end");
  const events = outputs.flatMap(({ outputs: [frames] }) => {
    const lines = Buffer.from(frames?.bytes ?? [])
      .toString()
      .split("\n")
      .slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  });
  const safe = HOSTILE.replace("hunter2xyz", "[redacted:password]");
  expect(events.map((event) => event["message"])).toEqual([
    "b 1",
    `${safe}\n more`,
    "b 2",
    safe,
    "b 3",
    expect.anything(),
  ]);
  expect(events.map((event) => event["tags"])).toEqual([
    undefined,
    ["_timeout"],
    undefined,
    ["_timeout"],
    undefined,
    undefined,
  ]);
  expect(events.at(-1)?.["count.events"]).toBe(3);
});
