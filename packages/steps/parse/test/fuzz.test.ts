import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "@sluice/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NAMED_PARSERS } from "../src/parsers/index.ts";
import { apply, createParse, inUtc, lines } from "./support.ts";

const UNWRAPS = new Set(["docker_json", "docker_compose_logs", "multilog", "json", "logfmt"]);

/** Any text, texts of the characters that formats are made of, and real lines with a piece replaced. */
function inputs(real: readonly string[]): fc.Arbitrary<string> {
  const syntax = fc.array(fc.constantFrom(...Array.from("{}[]\"'\\:,= -.@<>()%|/0aZ\n\u0000é\u{1F600}")), {
    maxLength: 80,
  });
  const damaged = fc
    .tuple(fc.constantFrom(...real), fc.nat(), fc.nat(20), fc.string({ unit: "binary", maxLength: 6 }))
    .map(([text, at, length, by]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + by + text.slice(start + length);
    });
  return fc.oneof(
    fc.string({ unit: "binary" }),
    syntax.map((chars) => chars.join("")),
    damaged,
  );
}

describe.each(NAMED_PARSERS.map((parser) => parser.name))("%s on anything", (name) => {
  const step = createParse(inUtc(name));
  const real = lines(readFileSync(join(import.meta.dirname, "fixtures", name, "input.log"), "utf8"));

  it("never throws and never loses the line", () => {
    const check = (text: string): void => {
      const event = apply(step, text);
      const failed = Array.isArray(event["tags"]) && event["tags"].includes("_parse_failure");
      if (failed) expect(event).toEqual({ message: text, tags: ["_parse_failure"] });
      else if (!UNWRAPS.has(name)) expect(event["message"]).toBe(text);
      else expect(event["message"]).toBeDefined();
      expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
      for (const value of Object.values(event)) expect(value).not.toBeUndefined();
    };
    fc.assert(fc.property(inputs(real), check), { numRuns: 300 });
  });

  it("takes any event without a text to parse", () => {
    const messages = [undefined, null, 5, true, ["a"], { a: 1 }];
    for (const message of messages) {
      const event: Event = message === undefined ? {} : { message };
      expect(apply(step, event)["tags"]).toEqual(["_parse_failure"]);
    }
  });

  it("does not hang on long lines made to backtrack", () => {
    for (const piece of ["a", " ", "- ", '"', "\\", "[", '" "', "1.", ":", "from ", "a, client: ", "=", "{", "1 "]) {
      for (const head of ["", ...real.slice(0, 3).map((line) => line.slice(0, line.length / 2))]) {
        apply(step, head + piece.repeat(20_000 / piece.length));
      }
    }
  });
});
