import { type ErrorCode, errorText, harmless, SluiceError } from "@sluice/core";
import { Command, CommanderError } from "commander";
import { type Done, EXIT, type ExitCode } from "./exit.ts";
import { VERSION } from "./installation.ts";

type AddCommand = (program: Command, done: Done) => void;

// A command's module is loaded when it is called, so that each costs only the start-up time and memory it needs.
const COMMANDS: Record<string, () => Promise<AddCommand>> = {
  run: async () => (await import("./commands/run.ts")).addRunCommand,
  validate: async () => (await import("./commands/validate.ts")).addValidateCommand,
  check: async () => (await import("./commands/check.ts")).addCheckCommand,
  explain: async () => (await import("./commands/explain.ts")).addExplainCommand,
  new: async () => (await import("./commands/new.ts")).addNewCommand,
  test: async () => (await import("./commands/test.ts")).addTestCommand,
  replay: async () => (await import("./commands/replay.ts")).addReplayCommand,
  parse: async () => (await import("./commands/parse.ts")).addParseCommand,
  sanitize: async () => (await import("./commands/sanitize.ts")).addSanitizeCommand,
  receive: async () => (await import("./commands/receive.ts")).addReceiveCommand,
  generate: async () => (await import("./commands/generate.ts")).addGenerateCommand,
  tap: async () => (await import("./commands/tap.ts")).addTapCommand,
  top: async () => (await import("./commands/top.ts")).addTopCommand,
  graph: async () => (await import("./commands/graph.ts")).addGraphCommand,
  s3: async () => (await import("./commands/s3.ts")).addS3Command,
  schema: async () => (await import("./commands/schema.ts")).addSchemaCommand,
  demo: async () => (await import("./commands/demo.ts")).addDemoCommand,
};

/** What went wrong outside of the command line and the files it names. */
const NOT_OF_USAGE: ReadonlySet<string> = new Set<ErrorCode>([
  "SLUICE_SOURCE",
  "SLUICE_STATE",
  "SLUICE_STORE",
  "SLUICE_UNREACHABLE",
]);

/** Runs one command line and ends the process with its exit code: 0 done, 1 something failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyWhenReaderLeaves();
  const code = await runCommandLine(argv);
  // What a slow reader of a pipe has not taken yet would be lost with the process.
  await Promise.all([process.stdout, process.stderr].map((out) => new Promise((resolve) => out.write("", resolve))));
  process.exit(code);
}

async function runCommandLine(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  try {
    const program = await buildProgram(argv[2], (result) => {
      code = result;
    });
    await program.parseAsync(argv as string[]);
    return code;
  } catch (error) {
    return report(error);
  }
}

/** The program with the command that was asked for, or with all of them where its help or its errors need them. */
async function buildProgram(wanted: string | undefined, done: Done): Promise<Command> {
  const program = new Command("sluice")
    .description(
      "Reads logs where they are made, parses them, removes secrets, and delivers them to Graylog without losing a line.",
    )
    .version(VERSION, "-v, --version")
    .exitOverride()
    .showHelpAfterError("(sluice --help shows the usage)");
  const isKnown = wanted !== undefined && Object.hasOwn(COMMANDS, wanted);
  for (const name of isKnown ? [wanted] : Object.keys(COMMANDS)) {
    const add = await (COMMANDS[name] as () => Promise<AddCommand>)();
    add(program, done);
  }
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof SluiceError) {
    for (const { message, hint } of [error, ...error.also]) {
      process.stderr.write(harmless(`sluice: ${message}${hint ? ` (${hint})` : ""}\n`));
    }
    return NOT_OF_USAGE.has(error.code) ? EXIT.failed : EXIT.usage;
  }
  process.stderr.write(harmless(`sluice: ${errorText(error)}\n`));
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
