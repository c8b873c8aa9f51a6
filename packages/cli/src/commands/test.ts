import { isDeepStrictEqual } from "node:util";
import { type Event, newTally, type PatternFiles, type PipelineSpec, type TestSpec, type Value } from "@sluice/core";
import { compileSteps } from "@sluice/program";
import type { Command } from "commander";
import { type Done, EXIT } from "../exit.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";
import { programSpecOf } from "../program-spec.ts";
import { registry } from "../registry.ts";

/** `sluice test`: runs the `tests:` of pipeline files. */
export function addTestCommand(program: Command, done: Done): void {
  program
    .command("test")
    .description("Run the tests inside pipeline files: input events in, expected events out.")
    .argument("<paths...>", "pipeline files or directories of them")
    .addHelpText("after", "\nExample:\n  sluice test pipelines/")
    .action(async (paths: string[]) => {
      const patterns = await readPatternFiles();
      const specs = requireValid(await loadPipelines(paths, patterns, { diagnose: false }));
      let passed = 0;
      let failed = 0;
      for (const spec of specs) {
        for (const { test, differences } of await runTests(spec, patterns)) {
          const place = `${spec.file}:${test.line}: ${test.name}`;
          process.stdout.write(differences.length === 0 ? `ok   ${place}\n` : `FAIL ${place}\n`);
          for (const line of differences) process.stdout.write(`       ${line}\n`);
          if (differences.length === 0) passed++;
          else failed++;
        }
      }
      process.stdout.write(`${passed} passed, ${failed} failed\n`);
      if (failed > 0) done(EXIT.failed);
    });
}

interface TestResult {
  readonly test: TestSpec;
  readonly differences: readonly string[];
}

async function runTests(spec: PipelineSpec, patterns: PatternFiles): Promise<TestResult[]> {
  const { apply } = await compileSteps(programSpecOf(spec, patterns), registry);
  return spec.tests.map((test) => {
    const outcomes = test.input.map((input) => {
      const event = inputEvent(input);
      return apply(event, { now: Date.now(), tally: newTally() }) === null ? event : null;
    });
    return { test, differences: compare(outcomes, test.expect) };
  });
}

function inputEvent(input: TestSpec["input"][number]): Event {
  const now = new Date().toISOString();
  return typeof input === "string"
    ? { "@timestamp": now, message: input }
    : { "@timestamp": now, message: "", ...input };
}

function compare(actual: readonly (Event | null)[], expected: TestSpec["expect"]): string[] {
  if (actual.length !== expected.length) return [`expected ${expected.length} results, got ${actual.length}`];
  return expected.flatMap((want, i) => {
    const prefix = expected.length > 1 ? `[${i}] ` : "";
    return compareEvent(actual[i] as Event | null, want).map((line) => prefix + line);
  });
}

function compareEvent(got: Event | null, want: TestSpec["expect"][number]): string[] {
  if (want === null) return got === null ? [] : ["expected the event to be dropped, but it was kept"];
  if (got === null) return ["expected an event, but it was dropped"];
  const lines: string[] = [];
  for (const [field, value] of Object.entries(want)) {
    const actual = got[field];
    if (value === null ? actual === undefined || actual === null : isDeepStrictEqual(actual, value)) continue;
    lines.push(`${field}:`, `  - expected ${show(value)}`, `  + received ${show(actual)}`);
  }
  if (lines.length > 0) lines.push(`the event has: ${Object.keys(got).join(", ")}`);
  return lines;
}

function show(value: Value | undefined): string {
  return value === undefined ? "nothing (the field is absent)" : JSON.stringify(value);
}
