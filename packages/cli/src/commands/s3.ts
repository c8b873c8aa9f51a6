import os from "node:os";
import type { PipelineSpec } from "@sluice/core";
import { sweepUploads } from "@sluice/sink-s3";
import type { Command } from "commander";
import { Option } from "commander";
import { durationArgument } from "../arguments.ts";
import { type Done, EXIT, type ExitCode } from "../exit.ts";
import { createLogger } from "../log.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";

interface SweepOptions {
  abort?: boolean;
  olderThan: number;
}

const DAY_MS = 86_400_000;

/** `sluice s3 sweep`: uploads that were begun and never ended. */
export function addS3Command(program: Command, done: Done): void {
  const s3 = program.command("s3").description("Look after what sluice has in S3.");
  s3.command("sweep")
    .description("List this machine's stale multipart uploads, whose parts cost money and are seen by nobody.")
    .argument("<paths...>", "pipeline files or directories of them")
    .option("--abort", "abort them; a running sluice reads what was in them again")
    .addOption(
      new Option("--older-than <duration>", "only those begun at least this long ago")
        .argParser(durationArgument)
        .default(DAY_MS, "24h"),
    )
    .addHelpText("after", "\nExample:\n  sluice s3 sweep pipelines/ --older-than 2h --abort")
    .action(async (paths: string[], options: SweepOptions) => done(await sweep(paths, options)));
}

async function sweep(paths: readonly string[], options: SweepOptions): Promise<ExitCode> {
  const specs = requireValid(await loadPipelines(paths, await readPatternFiles(), { diagnose: false }));
  let count = 0;
  for (const spec of specs) count += await sweepPipeline(spec, options);
  const what = options.abort ? "aborted" : "found";
  process.stderr.write(`${what} ${count} stale upload${count === 1 ? "" : "s"}\n`);
  return EXIT.done;
}

async function sweepPipeline(spec: PipelineSpec, { abort = false, olderThan }: SweepOptions): Promise<number> {
  const log = await createLogger();
  let count = 0;
  for (const sink of spec.sinks) {
    if (sink.type !== "s3") continue;
    const what = { pipeline: spec.name, host: os.hostname(), before: Date.now() - olderThan, abort, log };
    for await (const { bucket, key, id, begun } of sweepUploads(sink, what)) {
      process.stdout.write(`${new Date(begun).toISOString()} s3://${bucket}/${key} ${id}${abort ? " aborted" : ""}\n`);
      count++;
    }
  }
  return count;
}
