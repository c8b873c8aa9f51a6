import { componentReference, pipelineJsonSchema, sinkCommonReference } from "@sluice/config";
import type { Registry, StepDefinition } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { dedupeStep, dropStep, fakeRegistry, fileSource, parseStep } from "./fakes.ts";

const registry: Registry = { ...fakeRegistry(), stepTypes: ["parse", "drop", "set", "dedupe"] };

describe("the JSON Schema of the pipeline file", () => {
  const accepts = async (value: unknown): Promise<boolean> => {
    const schema = (await pipelineJsonSchema(registry)) as Parameters<typeof z.fromJSONSchema>[0];
    return z.fromJSONSchema(schema).safeParse(value).success;
  };
  const sink = (options: object): object => ({ sinks: { g: { type: "gelf", address: "tcp://x", ...options } } });

  test.each<[string, unknown]>([
    [
      "a whole pipeline",
      {
        name: "a",
        sources: { s: { type: "file", include: ["x"], poll: "5s", follow: false } },
        steps: [
          { parse: "nginx" },
          { parse: { grok: ["x"] }, when: "a == 1" },
          { set: { a: { b: [1] } } },
          { dedupe: null },
        ],
        ...sink({ when: "a", batch: { events: 1, bytes: "1MiB" }, retry: { attempts: "unlimited" } }),
        tests: [
          { input: "x", expect: null },
          { input: [{ message: "x" }], expect: [{ a: 1 }] },
        ],
      },
    ],
    [
      "variables for numbers, choices, sizes",
      {
        sources: { s: { type: "file", include: ["x"], workers: "${N}", start_at: "${S}", max_line_bytes: "${M}" } },
      },
    ],
  ])("accepts %s", async (_name, value) => {
    expect(await accepts(value)).toBe(true);
  });

  test.each<[string, unknown]>([
    ["an unknown key", { sorces: {} }],
    ["an unknown type", { sources: { s: { type: "fil", include: ["x"] } } }],
    ["a missing option", { sources: { s: { type: "file" } } }],
    ["an unknown option", sink({ bach: {} })],
    ["a size without unit", sink({ batch: { bytes: "1000" } })],
    ["a choice that is none", sink({ buffer: { type: "tape" } })],
    ["an unknown step", { steps: [{ prase: "x" }] }],
    ["two steps in one", { steps: [{ parse: "x", drop: "y" }] }],
    ["a bad name", { sources: { "a b": { type: "file", include: ["x"] } } }],
  ])("rejects %s", async (_name, value) => {
    expect(await accepts(value)).toBe(false);
  });

  test("says what everything is for, and has no reference to nowhere", async () => {
    const text = JSON.stringify(await pipelineJsonSchema(registry));
    const schema = JSON.parse(text) as {
      $defs: Record<string, unknown>;
      properties: Record<string, { description: string }>;
    };
    expect(Object.values(schema.properties).every(({ description }) => description.length > 0)).toBe(true);
    expect(text).toContain("Globs of files to read");
    for (const [, name] of text.matchAll(/"#\/\$defs\/([^"]+)"/g)) expect(Object.keys(schema.$defs)).toContain(name);
  });
});

describe("the reference", () => {
  test("has a row for each option, also for those of nested maps", () => {
    expect(componentReference(fileSource as Parameters<typeof componentReference>[0]).split("\n")).toEqual([
      "| option | type | default | description |",
      "|---|---|---|---|",
      "| `include` | list of text | required | Globs of files to read |",
      "| `start_at` | `beginning` or `end` | `beginning` | Where a new file is read from |",
      "| `max_line_bytes` | text like `64KiB` | `1MiB` | Longest line |",
      "| `poll` | text like `500ms` | `5s` | Pause between looks |",
      "| `follow` | true or false | `true` | Whether to go on at the end |",
      "| `workers` | whole number |  | Readers at once |",
      "| `multiline` | map |  | Joins lines |",
      "| `multiline.pattern` | text | required | Expression that starts a record |",
      "| `multiline.timeout` | text like `500ms` |  | Longest wait for the next line |",
      "",
    ]);
  });

  test("shows each form of a step", () => {
    const text = componentReference(parseStep as StepDefinition);
    expect(text).toContain("`parse:` text: A named parser.");
    expect(text).toContain("| `grok` | list of text | required | Patterns, the first that matches wins |");
    expect(componentReference(dropStep as StepDefinition)).toBe("`drop:` text: Expression.\n");
  });

  test("shows what all sinks have", () => {
    expect(sinkCommonReference()).toContain("| `retry.attempts` | whole number or `unlimited` | `unlimited` |");
  });

  test.each<[string, z.ZodType]>([
    ["lost", z.strictObject({ lost: z.string() })],
    ["outer.lost", z.strictObject({ outer: z.strictObject({ lost: z.string() }).describe("x") })],
    ["list[].lost", z.strictObject({ list: z.array(z.strictObject({ lost: z.string() })).describe("x") })],
    ["text", z.string()],
  ])("an option without description is an error: %s", (name, options) => {
    const definition: StepDefinition = { ...dedupeStep, options };
    expect(() => componentReference(definition)).toThrow(`option ${name} of step \`dedupe\` has no description`);
  });
});
