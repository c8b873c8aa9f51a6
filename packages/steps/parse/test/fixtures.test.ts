import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { JsonObjectJoiner } from "../src/index.ts";
import { NAMED_PARSERS } from "../src/parsers/index.ts";
import { apply, createParse, inUtc, lines } from "./support.ts";

const dir = join(import.meta.dirname, "fixtures");

/** Records of an input file: its lines, or its JSON objects. */
function recordsOf(parser: string, text: string): string[] {
  if (parser !== "nginx_json_pretty") return lines(text);
  const joiner = new JsonObjectJoiner();
  return [...text.split("\n").flatMap((line) => joiner.push(line)), ...joiner.end()];
}

describe("named parsers", () => {
  it("have a fixture each", () => {
    const fixtures = readdirSync(dir).filter((name) => name !== "cases");
    expect(fixtures.sort()).toEqual(NAMED_PARSERS.map((parser) => parser.name).sort());
  });

  // `vitest -u` writes the expected files anew: read the difference before you commit it.
  it.each(NAMED_PARSERS.map((parser) => parser.name))("%s reads its fixture", async (name) => {
    const step = createParse(inUtc(name));
    const records = recordsOf(name, readFileSync(join(dir, name, "input.log"), "utf8"));
    const events = records.map((record) => JSON.stringify(apply(step, record)));
    expect(events.length).toBeGreaterThan(0);
    await expect(`${events.join("\n")}\n`).toMatchFileSnapshot(join(dir, name, "expected.ndjson"));
  });
});
