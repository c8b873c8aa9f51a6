import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GrokError, type GrokFields, PatternLibrary } from "../src/index.ts";

interface Case {
  readonly source: string;
  readonly patterns: string | null;
  readonly definitions?: Record<string, string>;
  readonly pattern: string;
  readonly namedOnly?: boolean;
  readonly input: string;
  readonly expected?: unknown;
  readonly error?: boolean;
}

const fixtures = new URL("fixtures/", import.meta.url);
const cases = readFileSync(new URL("logstash-cases.jsonl", fixtures), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

function libraryFor({ patterns, definitions }: Case): PatternLibrary {
  const library = new PatternLibrary();
  const directory = new URL(`patterns/${patterns}/`, fixtures);
  for (const file of patterns === null ? [] : readdirSync(directory).sort()) {
    library.addFile(readFileSync(new URL(file, directory), "utf8"), file);
  }
  for (const [name, source] of Object.entries(definitions ?? {})) library.add(name, source);
  return library;
}

/** `a.b` as `{a: {b}}`: cases name ECS fields so. */
function nested(fields: GrokFields): unknown {
  const root: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    let at = root;
    const path = name.split(".");
    for (const part of path.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>;
    at[path.at(-1)!] = value;
  }
  return root;
}

describe("agrees with Logstash", () => {
  test.each(cases.map((one, index) => [index + 1, one.pattern.slice(0, 60), one] as const))("%i %s", (_, __, one) => {
    const compile = () => libraryFor(one).compile(one.pattern, { namedOnly: one.namedOnly ?? true });
    if (one.error) {
      expect(compile).toThrow(GrokError);
      return;
    }
    const fields = compile().match(one.input);
    expect(
      [fields, fields && nested(fields)],
      `${one.source}\n${JSON.stringify(fields)}\n${JSON.stringify(one.expected)}`,
    ).toContainEqual(one.expected);
  });
});

test("every upstream pattern compiles", () => {
  for (const patterns of ["legacy", "ecs-v1"]) {
    const library = libraryFor({ source: "", patterns, pattern: "", input: "" });
    expect(library.names().length).toBeGreaterThan(250);
    for (const name of library.names()) expect(library.compile(`%{${name}}`).expandedSource).not.toBe("");
  }
});
