import { type Problem, type ValidateOptions, validatePipeline } from "@sluice/config";
import { describe, expect, test } from "vitest";
import { fakeRegistry } from "./fakes.ts";
import { load, problemsOf } from "./helpers.ts";

const ENDS = "sources: {a: {type: file, include: [x]}}\nsinks: {g: {type: gelf, address: 'tcp://x'}}\n";

async function validate(file: string, extra: Partial<ValidateOptions> = {}): Promise<Problem[]> {
  const registry = fakeRegistry();
  const loaded = await load(file, { registry });
  return validatePipeline(loaded, { registry, patterns: { nginx: "", slow: "" }, hostname: "host", ...extra });
}

describe("what only shows when components are made", () => {
  test.each<[string, string[]]>([
    ["steps: [{parse: nginx}, {drop: a == 1, when: b == 2}]", []],
    ["steps: [{parse: ngnx}]", ["3:10: there is no parser `ngnx` (known: nginx)"]],
    ["steps: [{parse: slow}]", ["3:10: warning: the pattern backtracks"]],
    [
      "steps:\n  - drop: a\n    when: b.matches('(a*)*$')",
      ['5:11: warning: matches("(a*)*$") can take exponential time, e.g. on ATTACK'],
    ],
    ["steps:\n  - drop: a = 1", ['4:13: unexpected "=" at column 3 of the expression (compare with "==")']],
    ["steps:\n  - drop: 'a = 1'", ['4:14: unexpected "=" at column 3 of the expression (compare with "==")']],
    ["steps:\n  - drop: >\n      a = 1", ['4:11: unexpected "=" at column 3 of the expression (compare with "==")']],
    ["steps:\n  - drop: a\n    when: b and c", ['5:13: unexpected "and" at column 3 of the expression (write "&&")']],
    [
      "steps:\n  - drop: a\n    when: b\n  - parse: nope\n  - drop: (",
      [
        "6:5: there is no parser `nope` (known: nginx)",
        "7:12: the expression ends too early at column 2 of the expression (unexpected token: EOF)",
      ],
    ],
  ])("%j", async (steps, expected) => {
    const found = problemsOf(await validate(ENDS + steps)).map((line) => line.replace(/on '.*/, "on ATTACK"));
    expect(found).toEqual(expected);
  });

  test("a component is not made when a reference in its options cannot be replaced", async () => {
    const found = problemsOf(await validate("sources: {a: {type: file, include: ['${NOT_SET}']}}\n"));
    expect(found.filter((line) => !line.includes("warning"))).toEqual([expect.stringContaining("NOT_SET is not set")]);
  });

  test("conditions of sinks, warnings of components and names used twice", async () => {
    const file =
      "sources:\n  a: {type: file, include: [x], follow: false}\n" +
      "sinks:\n  a: {type: gelf, address: 'tcp://x', tls: {verify: false}, when: 'x ='}\n";
    expect(problemsOf(await validate(file))).toEqual([
      "2:3: warning: a ends at the end of its files",
      "4:3: warning: certificates are not verified",
      "4:3: a source is called `a` too (give the sink another name)",
      '4:70: unexpected "=" at column 3 of the expression (compare with "==")',
    ]);
  });

  test("is told together with what loading found, and also of a file that has errors", async () => {
    expect(problemsOf(await validate(`${ENDS}nme: x\nsteps: [{parse: ngnx}, {prse: x}]`))).toEqual([
      "3:1: unknown key `nme` (did you mean `name`?)",
      "4:10: there is no parser `ngnx` (known: nginx)",
      "4:25: unknown step `prse` (did you mean `parse`?)",
    ]);
  });

  test("slow patterns are not looked for when that is not wanted", async () => {
    expect(await validate(`${ENDS}steps: [{parse: slow}]`, { diagnose: false })).toEqual([]);
  });

  test("a file that cannot be parsed has its own problems only", async () => {
    expect(problemsOf(await validate("a: ["))).toHaveLength(1);
  });
});

describe("connect", () => {
  const file = (path: string, address: string): string =>
    `sources:\n  a: {type: file, include: [${path}]}\nsinks:\n  g: {type: gelf, address: '${address}'}\n`;

  test("tries nothing unless asked", async () => {
    expect(await validate(file("/absent", "tcp://hangs"))).toEqual([]);
  });

  test("names what cannot be reached, and what does not answer in time", async () => {
    const connect = AbortSignal.timeout(50);
    expect(problemsOf(await validate(file("/absent", "tcp://hangs"), { connect }))).toEqual([
      "2:3: source `a`: cannot read /absent (create it)",
      "4:3: sink `g`: no answer in the time given (is its far end running?)",
    ]);
  });

  test("says nothing where all is well", async () => {
    expect(await validate(file("/there", "tcp://x"), { connect: new AbortController().signal })).toEqual([]);
  });
});
