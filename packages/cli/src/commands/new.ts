import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { draftText, formatProblem, loadPipeline, parseValue, validatePipeline } from "@sluice/config";
import { SluiceError, type Value } from "@sluice/core";
import { type Command, InvalidArgumentError } from "commander";
import { type Answers, pipedAnswers, SILENCE, terminalAnswers } from "../new/answers.ts";
import { converse, type Given } from "../new/dialogue.ts";
import { readPatternFiles } from "../patterns.ts";
import { registry } from "../registry.ts";

interface NewOptions {
  source?: string;
  sink?: string;
  parser?: string;
  set?: Map<string, Value>;
  force?: boolean;
}

const STDOUT = "-";

/** `sluice new`: begins a pipeline file. */
export function addNewCommand(program: Command): void {
  program
    .command("new")
    .description(
      "Begin a pipeline file: asks for source and sink, and writes a commented file that validates. " +
        "What the options say is not asked; with both --source and --sink nothing is. Answers may also come on stdin, one a line.",
    )
    .argument("[file]", "file to write, or - for stdout (default: asked for)")
    .option("--source <type>", "type of the source, e.g. file")
    .option("--sink <type>", "type of the sink, e.g. gelf")
    .option("--parser <name>", "named parser for the lines, or none")
    .option("--set <key=value>", "an option, e.g. source.include=/var/log/app.log (repeatable)", collectSet)
    .option("--force", "overwrite the file when it exists")
    .addHelpText(
      "after",
      "\nExample:\n  sluice new nginx.yaml --source file --set source.include=/var/log/nginx/access.log --sink gelf",
    )
    .action(writeNew);
}

function collectSet(text: string, previous: Map<string, Value> = new Map()): Map<string, Value> {
  const [, key, value] = /^((?:source|sink)\.[A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError(
      "write it like source.include=/var/log/app.log or sink.address=tcp://graylog:12201.",
    );
  }
  return new Map(previous).set(key, parseValue(value));
}

async function writeNew(wanted: string | undefined, options: NewOptions): Promise<void> {
  if (wanted !== undefined) refuseOverwrite(wanted, options);
  const { set = new Map<string, Value>(), ...said } = options;
  const answers = openAnswers(options);
  try {
    const answered = await converse(answers, { ...said, set } satisfies Given);
    const { source, sink } = answered;
    const fallback = `${answered.parser ?? source.definition.type}-to-${sink.name}.yaml`;
    const file = wanted ?? ((await answers.next("File", fallback)) || fallback);
    refuseOverwrite(file, options);
    const name = file === STDOUT ? path.parse(fallback).name : nameOf(file);
    const text = draftText({ ...answered, file: file === STDOUT ? "FILE" : file, name });
    await requireValidText(file, text);
    await write(file, text);
  } finally {
    answers.close();
  }
}

function openAnswers({ source, sink, parser, set }: NewOptions): Answers {
  if (source !== undefined && sink !== undefined) return SILENCE;
  if (process.stdin.isTTY) return terminalAnswers();
  return pipedAnswers([source, sink, parser, set].some((one) => one !== undefined));
}

function refuseOverwrite(file: string, { force }: NewOptions): void {
  if (file === STDOUT || force || !existsSync(file)) return;
  throw new SluiceError("SLUICE_USAGE", `${file} exists already`, { hint: "--force overwrites it" });
}

/** A name of a pipeline, as near to the file's as it may be. */
function nameOf(file: string): string {
  return (
    path
      .parse(file)
      .name.replace(/[^A-Za-z0-9_.-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "") || "pipeline"
  );
}

/** Nothing is written that `validate` would refuse; mistakes in answers show here. */
async function requireValidText(file: string, text: string): Promise<void> {
  const loaded = await loadPipeline(file, { registry, env: process.env, readFile: async () => Buffer.from(text) });
  const found = await validatePipeline(loaded, {
    registry,
    patterns: await readPatternFiles(),
    hostname: "localhost",
    diagnose: false,
  });
  const errors = found.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  for (const problem of errors)
    process.stderr.write(`${formatProblem(problem).replace(/^.*?:\d+:\d+: /, "sluice: ")}\n`);
  throw new SluiceError("SLUICE_USAGE", "nothing was written, because of these mistakes in what was given");
}

async function write(file: string, text: string): Promise<void> {
  if (file === STDOUT) {
    process.stdout.write(text);
    return;
  }
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (cause) {
    throw new SluiceError("SLUICE_USAGE", `cannot write ${file}: ${(cause as Error).message}`, { cause });
  }
  process.stderr.write(`wrote ${file}; next: sluice validate ${file}\n`);
}
