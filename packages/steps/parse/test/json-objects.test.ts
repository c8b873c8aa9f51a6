import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonObjectJoiner, splitJsonObjects } from "../src/index.ts";

async function split(text: string, size: number): Promise<string[]> {
  const bytes = new TextEncoder().encode(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const records: string[] = [];
  for await (const record of splitJsonObjects(chunks())) records.push(record);
  return records;
}

describe("splitJsonObjects", () => {
  it.each([
    ['{\n "a": 1\n}\n{\n "b": "}{"\n}\n', ['{\n "a": 1\n}', '{\n "b": "}{"\n}']],
    ['{"a":1}{"b":{"c":[{}]}} {"d":1}', ['{"a":1}', '{"b":{"c":[{}]}}', '{"d":1}']],
    ['junk\n\n{"a":\n1}', ["junk", '{"a":\n1}']],
    ['{"a":\n{"b":1}\n{"c":2}\n', ['{"a":\n{"b":1}', '{"c":2}']],
    ['{"a":1} x\n{"b":1}', ['{"a":1}', " x", '{"b":1}']],
    ['{"a":\n', ['{"a":']],
    ["", []],
  ])("of %j", async (text, records) => {
    for (const size of [1, 7, 1000]) expect(await split(text, size)).toEqual(records);
  });

  it("gives back every object as it was written", async () => {
    const objects = fc.array(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()), { maxLength: 5 });
    const indent = fc.constantFrom(0, 1, 2);
    await fc.assert(
      fc.asyncProperty(objects, indent, fc.constantFrom("\n", "", " \n\n"), async (list, spaces, between) => {
        const texts = list.map((object) => JSON.stringify(object, null, spaces));
        expect(await split(texts.join(between), 11)).toEqual(texts);
      }),
    );
  });

  it("loses nothing of what is no JSON", () => {
    const line = fc
      .array(fc.constantFrom(...Array.from('{}[]":,a1 \\')), { maxLength: 20 })
      .map((chars) => chars.join(""));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const joiner = new JsonObjectJoiner();
        const records = [...lines.flatMap((text) => joiner.push(text)), ...joiner.end()];
        expect(records.join("").replace(/\s/g, "")).toBe(lines.join("").replace(/\s/g, ""));
      }),
      { numRuns: 1000 },
    );
  });

  it("does not collect for ever", () => {
    const joiner = new JsonObjectJoiner();
    const lines = ['{"a":[', ...Array.from({ length: 300 }, () => `"${"x".repeat(10_000)}",`)];
    const records = lines.flatMap((line) => joiner.push(line));
    expect(records.length).toBeGreaterThan(1);
    expect(Math.max(...records.map((record) => record.length))).toBeLessThan(1_200_000);
  });
});
