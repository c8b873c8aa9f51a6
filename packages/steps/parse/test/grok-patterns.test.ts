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

  it("tests every pattern by itself, but for those that look at what follows", () => {
    const tested = new Set(
      files.flatMap((file) =>
        casesOf(file)
          .filter(({ fields }) => fields)
          .map(({ pattern }) => pattern),
      ),
    );
    const untested = library.names().filter((name) => !tested.has(name));
    expect(untested.filter((name) => !library.source(name)?.endsWith("(?=: )"))).toEqual([]);
  });
});
