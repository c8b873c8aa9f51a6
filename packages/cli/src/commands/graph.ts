import type { Command } from "commander";
import { type Done, EXIT, type ExitCode } from "../exit.ts";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";
import { mermaidGraph, textGraph } from "../watch/graph.ts";

/** `sluice graph`: pipelines as text or as a Mermaid flowchart. */
export function addGraphCommand(program: Command, done: Done): void {
  program
    .command("graph")
    .description("Print pipelines as a picture in text, or as a Mermaid flowchart.")
    .argument("<paths...>", "pipeline files or directories of them")
    .option("--mermaid", "a Mermaid flowchart, e.g. for Markdown")
    .addHelpText("after", "\nExample:\n  sluice graph pipelines/nginx-to-graylog.yaml --mermaid")
    .action(async (paths: string[], options: { mermaid?: boolean }) => done(await graph(paths, options)));
}

async function graph(paths: readonly string[], { mermaid }: { mermaid?: boolean }): Promise<ExitCode> {
  const patterns = await readPatternFiles();
  const specs = requireValid(await loadPipelines(paths, patterns, { diagnose: false }));
  const text = mermaid ? mermaidGraph(specs) : specs.map(textGraph).join("\n\n");
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}
