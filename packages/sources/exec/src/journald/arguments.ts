import { readFileSync } from "node:fs";
import path from "node:path";
import { KNOWN_FIELDS } from "./fields.ts";
import { type JournaldOptions, listOf } from "./options.ts";

/** Where to begin, and whether to go on at the end. */
interface Reading {
  readonly cursor: string | undefined;
  readonly follow: boolean;
}

/**
 * The command that prints entries. Several of its words are there for what journalctl does without them:
 * `--all`: text beyond 4096 bytes would be null. `--merge`: `--follow` would leave out all boots but this one, also where
 * a cursor or a time says otherwise. `--no-tail`: `--follow` would begin with the last ten. `--cursor` and not
 * `--after-cursor`: when the entry of the cursor has been vacuumed, that one passes over the next entry, which is lost
 * (systemd issue 30288, until version 256).
 */
export function readingCommand(options: JournaldOptions, baseDir: string, reading: Reading): string[] {
  const { cursor, follow } = reading;
  const start = cursor === undefined ? sinceArguments(options) : [`--cursor=${cursor}`];
  return [
    ...journalCommand(options, baseDir),
    "--quiet",
    "--all",
    "--merge",
    ...(follow ? ["--follow", "--no-tail"] : []),
    ...start,
    ...fieldArguments(options),
    ...filterArguments(options),
  ];
}

/** The command that prints the last entry of the journal, whatever is chosen of it, and warns where it may not read. */
export function lastEntryCommand(options: JournaldOptions, baseDir: string): string[] {
  return [...journalCommand(options, baseDir), "--merge", "--lines=1", "--output-fields=_BOOT_ID"];
}

function journalCommand({ journalctl, directory, namespace }: JournaldOptions, baseDir: string): string[] {
  return [
    journalctl,
    "--output=json",
    "--no-pager",
    ...(directory === undefined ? [] : [`--directory=${path.resolve(baseDir, directory)}`]),
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
  ];
}

function sinceArguments({ since }: JournaldOptions): string[] {
  return since === undefined ? [] : [`--since=${since}`];
}

function fieldArguments({ fields }: JournaldOptions): string[] {
  return fields === "all" ? [] : [`--output-fields=${[...KNOWN_FIELDS, ...(fields ?? [])].join(",")}`];
}

function filterArguments({ units, identifiers, priority, matches, directory }: JournaldOptions): string[] {
  return [
    ...listOf(units).map((unit) => `--unit=${unit}`),
    ...listOf(identifiers).map((identifier) => `--identifier=${identifier}`),
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
    ...withOwnMachine(matches ?? [], directory),
  ];
}

/** With `--merge` the default directory's journals of other machines would come too. */
function withOwnMachine(matches: readonly string[], directory: string | undefined): readonly string[] {
  const id = directory === undefined ? machineId() : undefined;
  if (id === undefined) return matches;
  const own = `_MACHINE_ID=${id}`;
  return [own, ...matches.flatMap((match) => (match === "+" ? [match, own] : [match]))];
}

function machineId(): string | undefined {
  try {
    const id = readFileSync("/etc/machine-id", "utf8").trim();
    return /^[0-9a-f]{32}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
