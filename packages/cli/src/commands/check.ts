import os from "node:os";
import { type PipelineSpec, SluiceError } from "@sluice/core";
import { checkOnce, checkSource } from "@sluice/source-check";
import type { Command } from "commander";
import { type Done, EXIT } from "../exit.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";

/** `sluice check`: the checks of pipeline files once, as a table. */
export function addCheckCommand(program: Command, done: Done): void {
  program
    .command("check")
    .description("Run all checks (sources of type `check`) of pipeline files once, and print what came of each.")
    .argument("<paths...>", "pipeline files or directories of them")
    .addHelpText("after", "\nExample:\n  sluice check pipelines/service-checks.yaml")
    .action(async (paths: string[]) => {
      const specs = requireValid(await loadPipelines(paths, await readPatternFiles(), { diagnose: false }));
      const sources = specs.flatMap((spec) => spec.sources.map((source) => ({ spec, source })));
      const checks = sources.filter(({ source }) => source.type === checkSource.type);
      if (checks.length === 0) throw nothingToCheck(paths);
      let failed = 0;
      for (const { spec, source } of checks) failed += await printRound(spec, source);
      if (failed > 0) done(EXIT.failed);
    });
}

async function printRound(
  { name: pipeline, baseDir }: PipelineSpec,
  source: { name: string; options: unknown },
): Promise<number> {
  const options = checkSource.options.parse(source.options);
  const warn = (message: string): void => void process.stderr.write(`warning: ${message}\n`);
  const ctx = { name: source.name, pipeline, baseDir, hostname: os.hostname(), warn };
  checkSource.create(options, ctx);
  const results = await checkOnce({ ...options, jitter: 0 }, ctx, new AbortController().signal);
  for (const { text } of results) process.stdout.write(`${text}\n`);
  return results.filter(({ isUp }) => !isUp).length;
}

function nothingToCheck(paths: readonly string[]): SluiceError {
  return new SluiceError("SLUICE_CONFIG", `there is no source of type \`check\` in ${paths.join(", ")}`, {
    hint: "docs/checks.md shows one",
  });
}
