import { duration, type TestSpec, type Value } from "@sluice/core";
import { z } from "zod";
import { checkNode } from "./check.ts";
import { describeNode, type LocatedNode } from "./node.ts";
import type { Problems } from "./problem.ts";

const event = z.record(z.string(), z.custom<Value>());
const pause = z.strictObject({ after: duration().describe("Time that passes before the next input") });
const input = z.union([z.string(), pause, event]);
const expected = z.union([event, z.null()]);

/** One entry of `tests:`. */
export const testType = z.strictObject({
  name: z.string().min(1).optional().describe("What the test shows"),
  input: z
    .union([input, z.array(input).min(1)])
    .describe(
      "A line, several lines (a block of text or a list), or events as maps with at least a `message`; `after: 5m` between them lets time pass",
    ),
  expect: z
    .union([expected, z.array(expected)])
    .describe("Fields that the event must have; a list for several events; null when it must be dropped"),
});

/** Reads `tests:`. */
export function readTests(node: LocatedNode | undefined, problems: Problems): TestSpec[] {
  if (!node || (node.kind === "scalar" && node.value === null)) return [];
  if (node.kind !== "list") {
    problems.error(node.at, `\`tests\` must be a list, not ${describeNode(node)}`);
    return [];
  }
  const tests: TestSpec[] = [];
  const lines = new Map<string, number>();
  for (const [index, item] of node.items.entries()) {
    const test = readTest(item, index, problems);
    if (!test) continue;
    const earlier = lines.get(test.name);
    if (earlier !== undefined) problems.warn(item.at, `the test in line ${earlier} has the same name \`${test.name}\``);
    lines.set(test.name, test.line);
    tests.push(test);
  }
  return tests;
}

function readTest(item: LocatedNode, index: number, problems: Problems): TestSpec | undefined {
  // `expect:` without a value is null, which means "dropped"; only without the key is it missing.
  const parsed = checkNode(testType, item, { label: `tests[${index}]` }, problems);
  if (!parsed) return undefined;
  const inputs = inputsOf(parsed.input);
  return {
    name: parsed.name ?? `test ${index + 1}`,
    input: inputs,
    expect: parsed.expect,
    line: item.at.line,
  };
}

type Input = TestSpec["input"][number];

/** A block of text is its lines, as a source would read them. */
function inputsOf(written: z.infer<typeof testType>["input"]): Input[] {
  if (typeof written === "string") return withoutLineEnd(written).split(/\r?\n/);
  if (!Array.isArray(written)) return [written];
  return written.map((one) => (typeof one === "string" ? withoutLineEnd(one) : one));
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
