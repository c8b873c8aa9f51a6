import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./support/process.ts";

const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

/** events/s, CPU seconds and peak MB of a program in a job of bench/RESULTS.md. */
function measured(job: string, program: string): string[] {
  const section =
    read("bench/RESULTS.md")
      .split(/^## /m)
      .find((text) => text.startsWith(`${job}:`)) ?? "";
  const row = section.split("\n").find((line) => line.startsWith(`| ${program} `)) ?? "";
  const [, , events, , cpu, peak] = row.split("|").map((cell) => cell.trim());
  return [events, cpu, peak].map(String);
}

test.each(["sluice", "rsyslog", "syslog-ng"])("the figures of %s are those of bench/RESULTS.md", (program) => {
  const row =
    read("docs/comparison.md")
      .split("\n")
      .find((line) => line.startsWith(`| ${program} |`)) ?? "";
  const shown = row
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());
  expect(shown).toEqual([...measured("nginx", program), ...measured("auth", program)]);
});

test("so are those of the README", () => {
  const text = read("README.md").replaceAll("\n", " ");
  for (const [program, words] of [
    ["sluice", "sluice takes"],
    ["rsyslog", "rsyslog"],
  ] as const) {
    const [events, cpu, peak] = measured("nginx", program);
    expect(text).toMatch(
      new RegExp(`${words} ${events} (?:events/s )?at ${cpu} (?:CPU seconds a million )?and ${peak} MB`),
    );
  }
});
