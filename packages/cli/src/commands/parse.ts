import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Event, newTally, SluiceError, type Value } from "@sluice/core";
import { compileSteps } from "@sluice/program";
import { parserNames, splitJsonObjects } from "@sluice/step-parse";
import type { Command } from "commander";
import split2 from "split2";
import { collect } from "../arguments.ts";
import { nestFields } from "../nest.ts";
import { readPatternFiles } from "../patterns.ts";
import { programSpec } from "../program-spec.ts";
import { registry } from "../registry.ts";

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
  const apply = await compileSteps(programSpec({ steps: [{ type: "parse", options: step }], patterns }), registry);
  const lines = options.parser === "nginx_json_pretty" ? splitJsonObjects(process.stdin) : inputLines(process.stdin);
  await pipeline(
    lines,
    async function* (source: AsyncIterable<string>) {
      const tally = newTally();
      for await (const line of source) {
        const event: Event = { message: line };
        if (apply(event, { now: Date.now(), tally }) !== null) continue;
        yield `${JSON.stringify(options.ecsNested ? nestFields(event) : event)}\n`;
      }
    },
    process.stdout,
    { end: false },
  );
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

/** Lines without their ends; a carriage return before the newline belongs to the end. */
async function* inputLines(input: Readable): AsyncGenerator<string> {
  for await (const line of input.pipe(split2(/\r?\n/)) as AsyncIterable<string>) yield line;
}
