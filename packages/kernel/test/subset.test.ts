import { compileKernel } from "@sluice/kernel";
import { expect, it } from "vitest";
import { ndjson } from "./support/encoders.ts";
import { STREAM } from "./support/plans.ts";

function reason(source: string): string | undefined {
  const plan = { patterns: [{ source, captures: [], constants: [] }] };
  const family = compileKernel({ plan, stamp: true, templateFor: (shape) => ndjson.template(shape) });
  if ("unplannable" in family) return family.unplannable;
  const kernel = family.forStream(STREAM);
  return "unplannable" in kernel ? kernel.unplannable : undefined;
}

it.each([
  "a",
  "(?:a)",
  "\\Aa|b",
  "\\A(?=a)b",
  "\\A(?!a)b",
  "\\A(?<=a)b",
  "\\A(?i)a",
  "\\A(?i:a)",
  "\\A(a)\\1",
  "\\A\\p{Alpha}",
  "\\A\\R",
  "\\A[a[b]]",
  "\\A[a&&b]",
  "\\A[]a]",
  "\\A[é]",
  "\\A[\\w-x]",
  "\\A[z-a]",
  "\\A[\\0-\\x1f]",
  "\\A[[:punct:]]",
  "\\Aa{2}?",
  "\\Aa{1,2}+",
  "\\Aa**",
  "\\A(?:a*)*",
  "\\A(?:a?)?",
  "\\A(?:|a)+",
  "\\A(?<n1>a)*",
  "\\A(?:ab)*?",
  "\\Aa{3,2}",
  "\\Aa{0}",
  "\\Aé+",
  "\\A\\n",
  "\\A*",
  "\\A(a",
  "\\Aa)",
  "\\A\\",
  "\\A(?<n1",
  "\\Ab^a",
  "\\A\\u0041",
  "\\A\\k<n1>",
  "\\A(?#c)a",
  "\\Aa{5000}",
])("%s is left to the plain path", (source) => {
  expect(reason(source)).toBeTypeOf("string");
});

it.each([
  "^a$",
  "\\A(?:-|(?<n1>[^ ]+))\\z",
  "\\A(?>a+)b++c?+\\Z",
  "\\A[^\\]\\-]+.*?: x",
  "\\A\\d{1,3}\\.\\h{2}\\S\\W\\D\\s",
  "\\Aa{,3}b{2,}c{x}",
  "\\A[[:alpha:]_.-]+\\b",
  "\\A(?'n1'a)",
  "\\A(?:ab|cd){2,3}",
  "\\Aé€",
  "\\A\\/\\-\\ \\x41",
  '\\A{"a":',
])("%s is for the kernel", (source) => {
  expect(reason(source)).toBeUndefined();
});
