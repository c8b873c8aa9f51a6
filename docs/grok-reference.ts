import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { code } from "./markdown.ts";

const DIRECTORY = path.resolve(import.meta.dirname, "../grok-patterns");
const EXAMPLE_LENGTH = 120;

interface Example {
  readonly pattern: string;
  readonly line: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

/** The page about the grok patterns. Its examples are those of grok-patterns/tests, which a test runs. */
export function grokReference(): string {
  const files = readdirSync(DIRECTORY, { withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map(({ name }) => name).sort((a, b) => Number(b === "base") - Number(a === "base") || 0);
  return `# Grok patterns

The built-in patterns, file by file: what each stands for, a text that it matches, and the fields that it sets.
[grok.md](../grok.md) tells how to use them and how to write your own.

${names.map(chapter).join("\n")}`;
}

function chapter(file: string): string {
  const text = readFileSync(path.join(DIRECTORY, file), "utf8");
  const examples = readFileSync(path.join(DIRECTORY, "tests", `${file}.jsonl`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Example);
  const rows = text.split("\n").flatMap((line) => {
    const [, name, source] = /^([^\s#]\S*)\s+(\S.*)$/.exec(line) ?? [];
    return name === undefined || source === undefined ? [] : [row(name, source, examples)];
  });
  const about = text.startsWith("# ") ? `${text.slice(2, text.indexOf("\n")).replace(/[.]?$/, ".")}\n\n` : "";
  return `## ${file}\n\n${about}| pattern | stands for | example | fields |\n|---|---|---|---|\n${rows.join("")}`;
}

function row(name: string, source: string, examples: readonly Example[]): string {
  const example = examples.find(({ pattern, fields }) => pattern === name && fields !== null);
  const fields = Object.keys(example?.fields ?? {}).map((field) => code(field));
  const shown = example ? code(shortened(example.line)) : "part of the patterns that name it";
  return `| \`${name}\` | ${code(shortened(source))} | ${shown} | ${fields.join(", ")} |\n`;
}

function shortened(text: string): string {
  const line = text.replaceAll("\n", "⏎").replaceAll("\t", "⇥");
  return line.length > EXAMPLE_LENGTH ? `${line.slice(0, EXAMPLE_LENGTH - 1)}…` : line;
}
