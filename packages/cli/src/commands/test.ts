import type { Event, PatternFiles, PipelineSpec, TestSpec } from "@sluice/core";
import { type Rehearsal, rehearse } from "@sluice/program";
import type { Command } from "commander";
import { type Done, EXIT } from "../exit.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";
import { programSpecOf } from "../program-spec.ts";
import { registry } from "../registry.ts";
import { differences as differencesOf } from "../rehearsal/differences.ts";

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
  const results: TestResult[] = [];
  let rehearsal: Rehearsal | undefined;
  for (const test of spec.tests) {
    // Each test begins with steps that remember nothing.
    rehearsal = await (rehearsal ? rehearsal.anew() : rehearse(programSpecOf(spec, patterns), registry));
    results.push({ test, differences: differencesOf(outcomes(rehearsal, test), test.expect) });
  }
  return results;
}

/** What comes out for the input of a test; steps that remember tell what is left at the end. */
function outcomes(rehearsal: Rehearsal, test: TestSpec): (Event | null)[] {
  const found: (Event | null)[] = [];
  let now = Date.now();
  for (const [index, input] of test.input.entries()) {
    if (isPause(input)) {
      // Ticks come all the time: one sees that nothing comes, the other one that this was so for long.
      found.push(...rehearsal.tick("time", now));
      now += input.after;
      found.push(...rehearsal.tick("time", now));
    } else found.push(...rehearsal.event(inputEvent(input, now, index), now));
  }
  return [...found, ...rehearsal.tick("end", now)];
}

function isPause(input: TestSpec["input"][number]): input is { after: number } {
  return typeof input === "object" && typeof input["after"] === "number" && Object.keys(input).length === 1;
}

function inputEvent(input: Exclude<TestSpec["input"][number], { after: number }>, now: number, index: number): Event {
  const stamp = { "@timestamp": new Date(now).toISOString(), "event.id": `test-${index}` };
  return typeof input === "string" ? { ...stamp, message: input } : { ...stamp, message: "", ...input };
}
