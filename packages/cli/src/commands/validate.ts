import { type Command, Option } from "commander";
import { durationArgument } from "../arguments.ts";
import { type Done, EXIT } from "../exit.ts";
import { readPatternFiles } from "../patterns.ts";
import { isError, loadPipelines, printProblems } from "../pipelines.ts";

interface ValidateOptions {
  connect?: boolean;
  strict?: boolean;
  files: boolean;
  timeout: number;
}

/** `sluice validate`: everything that can be told without traffic, all problems at once. */
export function addValidateCommand(program: Command, done: Done): void {
  program
    .command("validate")
    .description("Check pipeline files: syntax, options, patterns, expressions, templates, environment, slow patterns.")
    .argument("<paths...>", "pipeline files or directories of them")
    .option("--connect", "also try each source and sink")
    .option("--no-files", "do not look whether certificates and keys are there: the file is for another machine")
    .option("--strict", "treat warnings as errors")
    .addOption(
      new Option("--timeout <duration>", "longest time for --connect")
        .argParser(durationArgument)
        .default(10_000, "10s"),
    )
    .addHelpText("after", "\nExample:\n  sluice validate pipelines/ --connect")
    .action(async (paths: string[], options: ValidateOptions) => {
      const connect = options.connect ? { connect: AbortSignal.timeout(options.timeout) } : {};
      const { specs, problems } = await loadPipelines(paths, await readPatternFiles(), {
        diagnose: true,
        runnable: true,
        files: options.files,
        ...connect,
        onConnected: printConnected,
      });
      printProblems(problems);
      const failed = problems.some((problem) => options.strict || isError(problem));
      if (failed) return done(EXIT.usage);
      for (const { file, name, sources, steps, sinks } of specs) {
        process.stdout.write(
          `${file}: ok: ${name}, ${sources.length} sources, ${steps.length} steps, ${sinks.length} sinks\n`,
        );
      }
    });
}

function printConnected(file: string, label: string, tried: boolean): void {
  process.stdout.write(`${file}: ${label}: ${tried ? "ok" : "nothing to try"}\n`);
}
