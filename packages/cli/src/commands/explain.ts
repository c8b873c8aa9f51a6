import { explainPipeline, type LoadedPipeline, pipelineText } from "@sluice/config";
import { ALL_RULES, createSanitizer, selectRules } from "@sluice/step-sanitize";
import { type Command, Option } from "commander";
import { readPatternFiles } from "../patterns.ts";
import { loadPipelines, requireValid } from "../pipelines.ts";

/** `sluice explain`: a pipeline file with everything written out that it leaves unsaid. */
export function addExplainCommand(program: Command): void {
  program
    .command("explain")
    .description("Print a pipeline file with all defaults filled in, short forms written out, and secrets hidden.")
    .argument("<paths...>", "pipeline files or directories of them")
    .addOption(new Option("--format <format>", "how it is written").choices(["yaml", "json"]).default("yaml"))
    .addHelpText("after", "\nExample:\n  sluice explain pipelines/nginx-to-graylog.yaml")
    .action(async (paths: string[], { format }: { format: "yaml" | "json" }) => {
      const found = await loadPipelines(paths, await readPatternFiles(), { diagnose: false });
      requireValid(found);
      const texts = found.loaded.map((one) => explain(one, format));
      process.stdout.write(texts.join(format === "yaml" ? "---\n" : ""));
    });
}

function explain(loaded: LoadedPipeline, format: "yaml" | "json"): string {
  if (!loaded.spec) return "";
  const sanitizer = createSanitizer({ rules: selectRules(ALL_RULES, ["default"]) });
  return pipelineText(
    explainPipeline(loaded, loaded.spec, (text) => sanitizer.text(text)),
    format,
  );
}
