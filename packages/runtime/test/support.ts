import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EncodedBatch,
  type PipelineSpec,
  type ProgramSpec,
  type Sink,
  type SinkSpec,
  type Source,
  type SourceContext,
  silentLogger,
} from "@sluice/core";
import { onTestFinished } from "vitest";
import { type PipelineOptions, type PipelineRun, runPipeline } from "../src/pipeline-run.ts";
import { openState, type State } from "../src/state/state.ts";
import { compileFake } from "./fake-program.ts";

export const workerUrl = new URL("./worker-entry.ts", import.meta.url);

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "sluice-runtime-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function openTestState(dir = join(temporaryDir(), "state")): State {
  return openState(dir);
}

export function sinkSpec(name: string, changes: Partial<SinkSpec> = {}): SinkSpec {
  return {
    name,
    type: "fake",
    options: {},
    batch: { events: 10_000, bytes: 1024 * 1024, age: 5 },
    retry: { initial: 1, max: 10, attempts: "unlimited" },
    buffer: { type: "memory", size: 16 * 1024 * 1024, when_full: "block" },
    ...changes,
  };
}

export function pipelineSpec(name = "test", baseDir = tmpdir()): PipelineSpec {
  return { name, file: "test.yaml", baseDir, sources: [], steps: [], sinks: [], tests: [] };
}

export function programSpec(patterns: Record<string, string> = {}): ProgramSpec {
  return { pipeline: pipelineSpec(), patterns, hostname: "localhost", stamp: true, kernel: false };
}

/** Emits one batch of lines of a stream; the position is the number of lines that came before and in it. */
export async function emitLines(ctx: SourceContext, key: string, from: number, lines: readonly string[]) {
  const data = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  const stream = { id: key, fields: {} };
  await ctx.emit({ stream, data, framing: { kind: "lines", base: 0 }, streamKey: key, position: from + lines.length });
}

/** A source of numbered lines `key 0`, `key 1`, … in each of its streams, resuming at the stored positions. */
export function countingSource(options: {
  readonly streams: readonly string[];
  readonly lines: number;
  readonly perBatch: number;
  readonly line?: (key: string, n: number) => string;
}): Source {
  const line = options.line ?? ((key: string, n: number) => `${key} ${n}`);
  return {
    async run(ctx) {
      const stored = ctx.state.all();
      const at = new Map(options.streams.map((key) => [key, Number(stored.get(key) ?? 0)]));
      for (let more = true; more && !ctx.stop.aborted; ) {
        more = false;
        for (const [key, from] of at) {
          const to = Math.min(from + options.perBatch, options.lines);
          if (from === to || ctx.stop.aborted) continue;
          more = true;
          const lines = Array.from({ length: to - from }, (_, i) => line(key, from + i));
          at.set(key, to);
          await emitLines(ctx, key, from, lines);
        }
      }
    },
  };
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
