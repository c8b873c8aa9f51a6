import { tmpdir } from "node:os";
import type { PipelineSpec, ProgramSpec, SinkSpec, Source, SourceContext } from "@sluice/core";

// Stand-ins for components, also for child processes: nothing here needs the test runner.

export const workerUrl = new URL("./worker-entry.ts", import.meta.url);

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
