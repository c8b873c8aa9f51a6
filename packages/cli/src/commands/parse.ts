import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SluiceError, type Value } from "@sluice/core";
import { parserNames, splitJsonObjects } from "@sluice/step-parse";
import type { Command } from "commander";
import { collect } from "../arguments.ts";
import { GuardedSteps } from "../guarded-steps.ts";
import { lineGroups } from "../lines.ts";
import { nestFields } from "../nest.ts";
import { readPatternFiles } from "../patterns.ts";
import { programSpec } from "../program-spec.ts";

interface ParseOptions {
  parser?: string;
  grok?: string[];
  patterns?: string[];
  ecsNested?: boolean;
}

/** `sluice parse`: lines on stdin become NDJSON events on stdout. */
export function addParseCommand(program: Command): void {
  program
    .command("parse")
    .description("Parse lines from stdin and print events as NDJSON.")
    .option("--parser <name>", "a named parser, e.g. nginx or auth")
    .option("--grok <pattern>", "a grok pattern; repeatable, the first that matches wins", collect)
    .option("--patterns <path>", "file or directory of grok patterns, over the built-in ones; repeatable", collect)
    .option("--ecs-nested", "print nested objects instead of dotted names")
    .addHelpText("after", "\nExample:\n  tail -n 5 /var/log/auth.log | sluice parse --parser auth")
    .action(parseStdin);
}

async function parseStdin(options: ParseOptions): Promise<void> {
  const step = await stepOptions(options);
  const patterns = await readPatternFiles(options.patterns);
  const steps = await GuardedSteps.create(programSpec({ steps: [{ type: "parse", options: step }], patterns }));
  const groups = options.parser === "nginx_json_pretty" ? jsonTexts(process.stdin) : lineGroups(process.stdin);
  await pipeline(
    groups,
    async function* (source: AsyncIterable<readonly string[]>) {
      for await (const lines of source) {
        const events = await steps.run(lines);
        yield events.map((event) => `${JSON.stringify(options.ecsNested ? nestFields(event) : event)}\n`).join("");
      }
    },
    process.stdout,
    { end: false },
  );
}

async function* jsonTexts(input: Readable): AsyncGenerator<string[]> {
  for await (const text of splitJsonObjects(input)) yield [text];
}

async function stepOptions({ parser, grok }: ParseOptions): Promise<Value> {
  if (parser !== undefined && grok) throw usage("--parser and --grok exclude each other");
  if (grok) return { grok };
  if (parser === undefined) throw usage("say how to parse: --parser NAME or --grok PATTERN");
  if (parserNames.includes(parser)) return parser;
  const { suggestion } = await import("@sluice/config");
  throw usage(`unknown parser \`${parser}\``, suggestion(parser, parserNames));
}

function usage(message: string, hint = "sluice parse --help"): SluiceError {
  return new SluiceError("SLUICE_USAGE", message, { hint });
}
