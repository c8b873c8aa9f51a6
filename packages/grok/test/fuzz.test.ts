import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GrokError, PatternLibrary } from "../src/index.ts";

const syntax = [
  "(",
  ")",
  "(?:",
  "(?<a>",
  "(?<b>",
  "(?>",
  "(?=",
  "(?!",
  "(?<=",
  "(?<!",
  "(?~",
  "(?i)",
  "(?x-i:",
  "(?(1)",
  "(?#c)",
  "[",
  "]",
  "[^",
  "&&",
  "[:alpha:]",
  "[:^x:]",
  "-",
  "|",
  "*",
  "+",
  "?",
  "{2}",
  "{,3}",
  "{1,}",
  "{3,1}",
  "{99999}",
  "\\",
  "\\b",
  "\\d",
  "\\W",
  "\\p{L}",
  "\\p{^Greek}",
  "\\P{x}",
  "\\k<a>",
  "\\k<a+1>",
  "\\g<b>",
  "\\g<0>",
  "\\1",
  "\\9",
  "\\x{41}",
  "\\xE3",
  "\\u00e9",
  "\\cA",
  "\\M-a",
  "\\K",
  "\\R",
  "\\X",
  "\\G",
  "\\z",
  "^",
  "$",
  ".",
  "a",
  "b",
  "é",
  "ß",
  "😀",
  " ",
  "#",
  "\n",
  "%{A}",
  "%{A:x}",
  "%{B:y:int}",
  "%{C=a}",
  "%{",
  "}",
  ":",
  "=",
];

// A short text: what an expression may do to a long one is not what is tried here.
const TEXT = "a bé1";

test("any expression compiles or is refused with a GrokError", () => {
  const expression = fc.oneof(
    fc.string({ unit: fc.constantFrom(...syntax), maxLength: 12 }),
    fc.string({ unit: "binary", maxLength: 30 }),
  );
  fc.assert(
    fc.property(expression, expression, expression, (source, a, b) => {
      const library = new PatternLibrary();
      library.addFile(`A ${a}\nB ${b}`, "fuzz.grok");
      let grok: ReturnType<PatternLibrary["compile"]>;
      try {
        grok = library.compile(source);
      } catch (error) {
        expect(error).toBeInstanceOf(GrokError);
        return;
      }
      const texts = grok.exec(TEXT);
      if (texts) expect(texts).toHaveLength(grok.captures.length);
      grok.match(TEXT);
    }),
    { numRuns: Number(process.env["RUNS"] ?? 3000) },
  );
});
