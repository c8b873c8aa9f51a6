import { formatProblem, validatePipeline } from "@sluice/config";
import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  dictionary,
  letrec,
  oneof,
  record,
  string,
  tuple,
  uint8Array,
} from "fast-check";
import { expect, test } from "vitest";
import { fakeRegistry } from "./fakes.ts";
import { load } from "./helpers.ts";

const GOOD = `name: web
sources:
  access: &a
    type: file
    include: ['\${LOGS:-/var/log}/*.log']
    multiline: {pattern: x, timeout: 5s}
steps:
  - parse: {grok: ['%{IP}']}
  - drop: url.path == "/healthz"
    when: has(url.path)
sinks:
  graylog: {type: gelf, address: tcp://graylog:12201, batch: {events: 10}}
tests:
  - input: "x"
    expect: {url.path: /x}
`;

const TOKENS = [
  "- ",
  ": ",
  "\n",
  "  ",
  "\t",
  "{",
  "}",
  "[",
  "]",
  "*a",
  "&a ",
  "|",
  ">",
  "'",
  '"',
  "${",
  "${A}",
  "}",
  "#",
];
const WORDS = [
  "null",
  "true",
  "1",
  "1e999",
  "<<",
  "---\n",
  "...\n",
  "%YAML 1.1\n",
  "!!map ",
  "!x ",
  "? ",
  "\u0000",
  "steps:",
  "type: file",
];

/** Many runs on a machine that may be busy with other tests. */
const GENEROUS = { timeout: 600_000 };

const registry = fakeRegistry();

/** Loading and validating give problems with a place in the file, or a pipeline, but never throw. */
async function survives(content: string | Uint8Array): Promise<void> {
  const loaded = await load(content, { registry });
  const problems = await validatePipeline(loaded, { registry, patterns: {}, hostname: "host" });
  const text = typeof content === "string" ? content : new TextDecoder().decode(content);
  const lines = text.split("\n").length;
  for (const problem of problems) {
    expect(formatProblem(problem)).toMatch(/^\/etc\/sluice\/web-logs\.yaml:\d+:\d+: ./s);
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lines);
    expect(problem.column).toBeGreaterThanOrEqual(1);
  }
  const hasErrors = loaded.problems.some(({ severity }) => severity === "error");
  expect(loaded.spec === undefined).toBe(hasErrors);
}

test("any bytes", GENEROUS, async () => {
  await assert(asyncProperty(uint8Array({ maxLength: 200 }), survives), { numRuns: 500 });
});

test("any text made of YAML's signs", GENEROUS, async () => {
  const text = array(oneof(constantFrom(...TOKENS, ...WORDS), string({ maxLength: 3 })), { maxLength: 60 });
  await assert(
    asyncProperty(text, (parts) => survives(parts.join(""))),
    { numRuns: 500 },
  );
});

test("a good file with something put in, and something taken out", GENEROUS, async () => {
  const change = tuple(
    constantFrom(...Array.from(GOOD, (_, i) => i)),
    constantFrom(0, 1, 2, 5, 20),
    oneof(constantFrom("", ...TOKENS, ...WORDS), string({ maxLength: 3, unit: "binary" })),
  );
  const changed = array(change, { minLength: 1, maxLength: 4 }).map((changes) =>
    changes.reduce((text, [at, remove, insert]) => text.slice(0, at) + insert + text.slice(at + remove), GOOD),
  );
  await assert(asyncProperty(changed, survives), { numRuns: 500 });
});

test("any structure under the keys of a pipeline", GENEROUS, async () => {
  const keys = constantFrom(
    "type",
    "include",
    "when",
    "batch",
    "retry",
    "parse",
    "drop",
    "address",
    "input",
    "expect",
    "x",
  );
  const { value } = letrec<{ value: unknown }>((tie) => ({
    value: oneof(
      { maxDepth: 4, withCrossShrink: true },
      constantFrom<unknown>("file", "gelf", "nginx", "${A}", "1s", "a == 1", 1, 0.5, true, null),
      array(tie("value"), { maxLength: 3 }),
      dictionary(keys, tie("value"), { maxKeys: 4 }),
    ),
  }));
  const section = oneof(value, dictionary(constantFrom("a", "b c"), value), array(value, { maxLength: 3 }));
  const file = record(
    { name: value, sources: section, steps: section, sinks: section, tests: section },
    { requiredKeys: [] },
  );
  await assert(
    asyncProperty(file, (content) => survives(JSON.stringify(content))),
    { numRuns: 500 },
  );
});
