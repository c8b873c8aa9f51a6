import { describe, expect, test } from "vitest";
import { errorsIn, load } from "./helpers.ts";

/** The value of field `f` after loading a file that sets it. */
async function valueOf(written: string, env: Record<string, string> = {}): Promise<unknown> {
  const { spec, problems } = await load(`steps:\n  - set:\n      f: ${written}`, { env });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return (spec?.steps[0]?.options as { f: unknown } | undefined)?.f;
}

describe("variables", () => {
  test.each<[string, Record<string, string>, unknown]>([
    ["${A}", { A: "x" }, "x"],
    ["pre-${A}-${B}-post", { A: "x", B: "y" }, "pre-x-y-post"],
    ["${A}", { A: "" }, ""],
    ["${A:-d}", {}, "d"],
    ["${A:-d}", { A: "" }, "d"],
    ["${A:-}", {}, ""],
    ["${A:-d}", { A: "x" }, "x"],
    ["${A:?needed}", { A: "x" }, "x"],
    ["'${A:-${B:-c}}'", {}, "c"],
    ["'${A:-${B:-c}}'", { B: "b" }, "b"],
    ["'${A:-a b: c}'", {}, "a b: c"],
    ["$$", {}, "$"],
    ["$${A}", {}, "${A}"],
    ["'$$$${A}'", {}, "$${A}"],
    ["$A costs 5$", { A: "x" }, "$A costs 5$"],
    ["'^a$|b$'", {}, "^a$|b$"],
    ["${A}", { A: "${B}", B: "no second time" }, "${B}"],
    ["${A}", { A: "[1, {a: b}]\n- x: *y" }, "[1, {a: b}]\n- x: *y"],
    ["${A}", { A: "12" }, "12"],
    ["'${A}'", { A: "$$" }, "$$"],
  ])("%s with %j", async (written, env, expected) => {
    expect(await valueOf(written, env)).toBe(expected);
  });

  test("become numbers and booleans where an option wants one", async () => {
    const file =
      "sources: {a: {type: file, include: ['${N}'], workers: '${N}', follow: '${B}', poll: '${N}s'}}\n" +
      "sinks: {g: {type: gelf, address: 'tcp://x', port: '${N}', batch: {events: '${N}'}, retry: {attempts: '${U}'}}}";
    const { spec, problems } = await load(file, { env: { N: "4", B: "false", U: "unlimited" } });
    expect(problems).toEqual([]);
    expect(spec?.sources[0]?.options).toEqual({ include: ["4"], workers: 4, follow: false, poll: "4s" });
    expect(spec?.sinks[0]).toMatchObject({
      options: { port: 4 },
      batch: { events: 4 },
      retry: { attempts: "unlimited" },
    });
  });

  test("do not make numbers of what is no number, or was written as text", async () => {
    const source = (workers: string): string => `sources: {a: {type: file, include: [x], workers: ${workers}}}`;
    expect(await errorsIn(source("'${N}'"), { env: { N: "0x4" } })).toEqual([
      "1:50: `workers` must be a number, not a string",
    ]);
    expect(await errorsIn(source("'4'"))).toEqual(["1:50: `workers` must be a number, not a string"]);
  });

  test("are not looked for in the prototype of the environment", async () => {
    expect((await errorsIn("name: ${toString}"))[0]).toContain("variable toString is not set");
  });
});

describe("mistakes", () => {
  test.each<[string, string[]]>([
    ["name: ${A}", ["1:7: the environment variable A is not set (set it, or write ${A:-default})"]],
    ["name: 'x-${A}'", ["1:10: the environment variable A is not set (set it, or write ${A:-default})"]],
    ["name: ${A:?say which}", ["1:7: say which (set A)"]],
    ["name: ${A:?}", ["1:7: the environment variable A is not set (set it, or write ${A:-default})"]],
    ["name: ${A", ["1:7: `${` has no closing `}` (a dollar sign itself is written $$)"]],
    ["name: ${A:-${B}", ["1:7: `${` has no closing `}` (a dollar sign itself is written $$)"]],
    ["name: ${}", ["1:7: `${` is not followed by the name of a variable (a dollar sign itself is written $$)"]],
    ["name: ${1}", ["1:7: `${` is not followed by the name of a variable (a dollar sign itself is written $$)"]],
    ["name: ${A-b}", ["1:7: `${A-b}` cannot be read (a dollar sign itself is written $$)"]],
    [`name: ${"${A:-".repeat(30)}`, ["1:62: `${` is nested too deep (a dollar sign itself is written $$)"]],
    [
      "sources: {a: {type: file, include: [x], workers: '${A}'}}",
      ["1:51: the environment variable A is not set (set it, or write ${A:-default})"],
    ],
  ])("%s", async (file, errors) => {
    const nameProblem = /cannot be a name/;
    expect((await errorsIn(file)).filter((error) => !nameProblem.test(error))).toEqual(errors);
  });
});

describe("secret files", () => {
  const sink = (address: string): string => `sinks: {g: {type: gelf, address: '${address}'}}`;

  test("are read once, relative to the pipeline file, without their last line end", async () => {
    const files = { "/etc/sluice/secret": "tcp://a\n", "/run/secrets/port": ":1\r\n" };
    const { spec } = await load(sink("${file:secret}${file:/run/secrets/port}"), { files });
    expect(spec?.sinks[0]?.options).toEqual({ address: "tcp://a:1" });
  });

  test("may be a default", async () => {
    const { spec } = await load(sink("${ADDRESS:-${file:/s}}"), { files: { "/s": "tcp://s" } });
    expect(spec?.sinks[0]?.options).toEqual({ address: "tcp://s" });
  });

  test("that cannot be read are errors", async () => {
    expect(await errorsIn(sink("${file:/s}"))).toEqual([
      "1:35: cannot read /s: there is no such file (the path is taken from the directory of the pipeline file)",
    ]);
  });

  test("never show in a problem", async () => {
    const file =
      "sources: {a: {type: file, include: [x], poll: '${file:/s}', start_at: '${file:/s}'}}\nname: ${file:/s}";
    const errors = await errorsIn(file, { files: { "/s": "hunter 2\n" } });
    expect(errors).toHaveLength(3);
    expect(errors.join()).toContain('"***" is not a duration');
    expect(errors.join()).not.toContain("hunter");
  });
});
