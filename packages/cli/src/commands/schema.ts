import { pipelineJsonSchema } from "@sluice/config";
import type { Command } from "commander";
import { registry } from "../registry.ts";

/** `sluice schema`: the JSON Schema of the pipeline file. */
export function addSchemaCommand(program: Command): void {
  program
    .command("schema")
    .description("Print the JSON Schema of the pipeline file, for editors.")
    .addHelpText("after", "\nExample:\n  sluice schema > sluice.schema.json")
    .action(async () => {
      process.stdout.write(`${JSON.stringify(await pipelineJsonSchema(registry), null, 2)}\n`);
    });
}
