import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EncodedBatch, type Sink, silentLogger } from "@sluice/core";
import { onTestFinished } from "vitest";
import type { PipelineOptions } from "../src/pipeline-options.ts";
import type { PipelineRun } from "../src/pipeline-run.ts";
import { runPipeline } from "../src/start-pipeline.ts";
import { openState, type State } from "../src/state/state.ts";
import { compileFake } from "./fake-program.ts";
import { pipelineSpec, programSpec, workerUrl } from "./fakes.ts";

export * from "./fakes.ts";

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "sluice-runtime-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function openTestState(dir = join(temporaryDir(), "state")): State {
  return openState(dir);
}

/** The frames of a batch as lines, without their ends. */
export function linesOf(batch: EncodedBatch): string[] {
  return Buffer.from(batch.bytes).toString().split("\n").slice(0, -1);
}

/** A sink that keeps what it gets, after `before` has resolved. */
export function collectingSink(before: (batch: EncodedBatch) => Promise<void> = () => Promise.resolve()) {
  const lines: string[] = [];
  const calls: string[] = [];
  const sink: Sink = {
    async write(batch) {
      await before(batch);
      lines.push(...linesOf(batch));
    },
    drain: () => Promise.resolve(void calls.push("drain")),
    close: () => Promise.resolve(void calls.push("close")),
  };
  return { sink, lines, calls };
}

/** Runs a pipeline with one counting source and one sink unless told otherwise. */
export function start(
  options: Partial<PipelineOptions> & Pick<PipelineOptions, "sources" | "sinks">,
): Promise<PipelineRun> {
  return runPipeline({
    spec: pipelineSpec(),
    programSpec: programSpec(),
    compile: compileFake,
    workerUrl,
    workers: 0,
    state: options.state ?? openTestState(),
    log: silentLogger,
    finite: true,
    ...options,
  });
}

/** The numbers of a stream's lines, in order of arrival. */
export function numbersOf(lines: readonly string[], key: string): number[] {
  const prefix = `${key} `;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => Number(line.slice(prefix.length)));
}

export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** Waits for a condition, as long as the test may last. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
