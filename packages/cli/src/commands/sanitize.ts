import { createReadStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { errorText, SluiceError } from "@sluice/core";
import { ACTIONS, type Action } from "@sluice/step-sanitize";
import { type Command, Option } from "commander";
import { type Done, EXIT } from "../exit.ts";
import { Findings } from "../sanitize/findings.ts";
import { SanitizingStream, type Search } from "../sanitize/sanitizing-stream.ts";
import { readSettings } from "../sanitize/settings.ts";

interface SanitizeOptions {
  action?: Action;
  rules?: string[];
  config?: string;
  report?: boolean;
  check?: boolean;
}

/** Longest time that a line waits for those that may belong to it. */
const PATIENCE_MS = 50;
const READ_BYTES = 262_144;

/** `sluice sanitize`: secrets out of lines, every other byte as it was. */
export function addSanitizeCommand(program: Command, done: Done): void {
  program
    .command("sanitize")
    .description("Replace secrets in lines from stdin or files; every other byte stays as it is.")
    .argument("[files...]", "files to read instead of stdin; `-` is stdin")
    .addOption(
      new Option("--action <action>", "what becomes of a secret (hash: key in SLUICE_HASH_KEY)").choices(
        ACTIONS.filter((action) => action !== "drop"),
      ),
    )
    .option("--rules <names>", "sets (default, secrets, pii, all) and rules, separated by commas", splitNames)
    .option("--config <file>", "YAML with the options of the step `sanitize`, or a pipeline file")
    .option("--report", "print how often each rule found something to stderr, as JSON")
    .option("--check", "change nothing: print file, line, column and rule of each finding; exit 1 if there is one")
    .addHelpText("after", "\nExample:\n  sluice sanitize < access.log > clean.log\n  sluice sanitize --check *.log")
    .action(async (files: string[], options: SanitizeOptions) => done(await sanitize(files, options)));
}

function splitNames(text: string, previous: readonly string[] = []): string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...previous, ...names.filter((name) => name !== "")];
}

async function sanitize(files: readonly string[], { report, ...choice }: SanitizeOptions) {
  const { check } = choice;
  const { search, titles } = await readSettings(choice);
  const findings = new Findings(titles);
  for (const file of files.length === 0 ? ["-"] : files) {
    for await (const parts of sanitized(file, search, findings)) {
      if (check) await write(findings.takeLines());
      else {
        await write(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
        process.stderr.write(findings.takeWithheld());
      }
    }
  }
  if (report) process.stderr.write(`${JSON.stringify(findings.counts)}\n`);
  return findings.isWithheld || (check && !findings.isEmpty) ? EXIT.failed : EXIT.done;
}

/** Writes and waits until it is out: what a slow reader has not taken yet would be lost when the process ends. */
async function write(data: string | Buffer): Promise<void> {
  if (data.length > 0) await new Promise<void>((resolve) => process.stdout.write(data, () => resolve()));
}

/** What goes out for a file, as soon as it can. */
async function* sanitized(file: string, search: Search, findings: Findings): AsyncGenerator<readonly Buffer[]> {
  const stream = new SanitizingStream(search, (rule, place) => findings.add(file, rule, place));
  const input = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: READ_BYTES });
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let next = read(chunks, file);
  for (;;) {
    const result = stream.hasLines ? await Promise.race([next, sleep(PATIENCE_MS)]) : await next;
    if (result === undefined) yield stream.flush();
    else if (result.done) break;
    else {
      next = read(chunks, file);
      yield stream.push(result.value);
    }
  }
  yield stream.end();
}

async function read(chunks: AsyncIterator<Buffer>, file: string): Promise<IteratorResult<Buffer, unknown>> {
  try {
    return await chunks.next();
  } catch (error) {
    throw new SluiceError("SLUICE_USAGE", `cannot read ${file}: ${errorText(error)}`, { cause: error });
  }
}
