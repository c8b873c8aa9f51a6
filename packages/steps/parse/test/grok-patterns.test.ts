import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PatternLibrary } from "@sluice/grok";
import { describe, expect, it } from "vitest";
import { lines, PATTERN_DIR, patternFiles } from "./support.ts";

interface PatternCase {
  readonly pattern: string;
  readonly line: string;
  readonly fields: object | null;
}

const library = new PatternLibrary();
for (const [name, text] of Object.entries(patternFiles())) library.addFile(text, name);
const testDir = join(PATTERN_DIR, "tests");
const files = readdirSync(testDir);
const casesOf = (file: string): PatternCase[] =>
  lines(readFileSync(join(testDir, file), "utf8")).map((line) => JSON.parse(line) as PatternCase);

describe("grok-patterns", () => {
  it("has a test file for each pattern file", () => {
    expect(files.map((file) => file.replace(".jsonl", "")).sort()).toEqual(Object.keys(patternFiles()).sort());
  });

  it.each(library.names())("%s compiles to one JavaScript expression", (name) => {
    expect(library.compile(`\\A%{${name}}\\z`).regexp).not.toBeNull();
  });

  it("defines no name twice", () => {
    const names = Object.values(patternFiles()).flatMap((text) =>
      lines(text)
        .filter((line) => !line.startsWith("#"))
        .map((line) => line.split(" ")[0]),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each(files)("%s: every line gives its fields", (file) => {
    for (const { pattern, line, fields } of casesOf(file)) {
      expect(library.compile(`\\A%{${pattern}}\\z`).match(line), `${pattern} on ${line}`).toEqual(fields);
    }
  });

  it("tests every pattern, by itself or within another", () => {
    const tested = new Set(files.flatMap((file) => casesOf(file).map(({ pattern }) => pattern)));
    const reached = new Set<string>();
    const visit = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      for (const [, inner] of (library.source(name) ?? "").matchAll(/%\{(\w+)/g)) visit(inner as string);
    };
    for (const name of tested) visit(name);
    expect(library.names().filter((name) => !reached.has(name))).toEqual([]);
  });
});
