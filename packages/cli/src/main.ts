import { errorText, SluiceError } from "@sluice/core";
import { Command, CommanderError } from "commander";
import { addDemoCommand } from "./commands/demo.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addParseCommand } from "./commands/parse.ts";
import { addReceiveCommand } from "./commands/receive.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSchemaCommand } from "./commands/schema.ts";
import { addTestCommand } from "./commands/test.ts";
import { addValidateCommand } from "./commands/validate.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { version } from "./version.ts";

/** Runs one command line and ends the process with its exit code: 0 done, 1 something failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyWhenReaderLeaves();
  process.exit(await runCommandLine(argv));
}

async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = buildProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv as string[]);
    return code;
  } catch (error) {
    return report(error);
  }
}

function buildProgram(done: (code: ExitCode) => void): Command {
  const program = new Command("sluice")
    .description(
      "Reads logs where they are made, parses them, and delivers them to Graylog and S3 without losing a line.",
    )
    .version(version, "-v, --version")
    .exitOverride()
    .showHelpAfterError("(sluice --help shows the usage)")
    .configureHelp({ showGlobalOptions: false });
  addRunCommand(program, done);
  addValidateCommand(program, done);
  addTestCommand(program, done);
  addParseCommand(program);
  addReceiveCommand(program, done);
  addGenerateCommand(program);
  addSchemaCommand(program);
  addDemoCommand(program, done);
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  return program;
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const hint = error instanceof SluiceError && error.hint ? ` (${error.hint})` : "";
  process.stderr.write(`sluice: ${errorText(error)}${hint}\n`);
  if (error instanceof SluiceError) return EXIT.usage;
  if (process.env["SLUICE_DEBUG"]) process.stderr.write(`${(error as Error).stack}\n`);
  return EXIT.failed;
}

/** `sluice parse | head` is no error. */
function endQuietlyWhenReaderLeaves(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    throw error;
  });
}
