import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT, runSluice } from "./support/process.ts";

// Each file in test/invalid has mistakes, and `expected` says which, as `sluice validate` prints them, without hints.

const DIRECTORY = path.join(ROOT, "test/invalid");
const FIRST_OF_TWO = "name-taken-1.yaml";

function read(name: string): string[] {
  return readFileSync(path.join(DIRECTORY, name), "utf8").trimEnd().split("\n");
}

function withoutHint(line: string): string {
  return line.replace(/ \((?!.*\) \().*\)$/, "");
}

async function validate(args: readonly string[], cwd: string) {
  const { code, stderr } = await runSluice(["validate", ...args], { cwd });
  return { code, lines: stderr.trimEnd().split("\n").map(withoutHint) };
}

test("every mistake is told with its line and column, all of a file at once", async () => {
  expect(await validate(["."], DIRECTORY)).toEqual({ code: 2, lines: read("expected") });
});

test("what only warns fails with --strict, and with nothing else", async () => {
  const cwd = path.join(DIRECTORY, "strict");
  const lines = read("strict/expected");
  expect(await validate(["."], cwd)).toEqual({ code: 0, lines });
  expect(await validate(["--strict", "."], cwd)).toEqual({ code: 2, lines });
});

test("no file of the set is without an error, alone too", async () => {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".yaml") && name !== FIRST_OF_TWO);
  expect(files.length).toBeGreaterThanOrEqual(200);
  const named = new Set(read("expected").map((line) => line.slice(0, line.indexOf(":"))));
  expect(files.filter((file) => !named.has(file))).toEqual([]);
  for (const file of ["three.yaml", "bom.yaml", "empty.yaml"]) {
    const { code, lines } = await validate([file], DIRECTORY);
    expect({ code, lines }).toEqual({ code: 2, lines: read("expected").filter((line) => line.startsWith(`${file}:`)) });
  }
});
