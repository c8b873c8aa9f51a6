import { openTraffic } from "@sluice/generate";
import { LiteralFinder } from "@sluice/literals";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEscapes } from "../src/decode.ts";
import { ALL_RULES, createSanitizer, createScreen, type Rule, selectRules } from "../src/index.ts";

const rules = selectRules(ALL_RULES, ["default"]);
const sanitizer = createSanitizer({ rules, budget: 10_000 });
const EXAMPLES = ALL_RULES.flatMap(({ positive, negative }) => [...positive, ...negative])
  .map((text) => text.replaceAll(/[⟦⟧]/g, "").replaceAll(/\s*\n\s*/g, " "))
  .filter((text) => text.length < 2000);

function screenOf(own: readonly Rule[], acrossLines = false) {
  const screen = createScreen({ rules: own, acrossLines, hitsBeforeGate: 0 });
  if (screen === null) throw new Error("no screen");
  return (text: string): readonly number[] => screen.suspects(new Uint8Array(Buffer.from(text)));
}

function rule(pattern: string, keywords: readonly string[], more: Partial<Rule> = {}): Rule {
  return { name: "x", title: "", sets: [], keywords, pattern, positive: [], negative: [], ...more };
}

const percent = (text: string): string =>
  text.replaceAll(/[^\w]/g, (char) => (char < "\x80" ? `%${char.charCodeAt(0).toString(16).padStart(2, "0")}` : char));
const encoding = fc.constantFrom<(text: string) => string>(
  (text) => text,
  percent,
  (text) => percent(percent(text)),
  (text) => JSON.stringify(text).slice(1, -1),
);

describe("the screen of the default rules", () => {
  const suspects = screenOf(rules);

  test("names every line of which any part would be changed", { timeout: 120_000 }, () => {
    const example = fc.constantFrom(...EXAMPLES);
    const damaged = fc
      .tuple(
        example,
        fc.nat(2000),
        fc.nat(12),
        fc.constantFrom("", " ", "=", ":", '"', "é", "/", "-", "\x1b[0m", "\x1b[1;33m"),
      )
      .map(([text, at, length, instead]) => {
        const from = at % text.length;
        return text.slice(0, from) + instead + text.slice(from + length);
      });
    const line = fc
      .tuple(fc.oneof(example, damaged), damaged, fc.nat(60), encoding)
      .map(([a, b, length, encode]) => encode(`${b.slice(0, length)}${a}`));
    fc.assert(
      fc.property(line, fc.nat(3000), fc.nat(3000), (text, from, length) => {
        if (suspects(`${text}\n`).length > 0) return;
        const start = from % text.length;
        for (const part of [text, text.slice(start), text.slice(start, start + length)]) {
          expect(sanitizer.text(part)).toBe(part);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test.each(["nginx", "auth"] as const)("leaves ordinary %s lines alone", (kind) => {
    const text = Buffer.from(openTraffic(kind, { seed: 11 }).block(5000)).toString();
    expect(suspects(text).length / 5000).toBeLessThan(0.002);
  });
});

describe("a screen", () => {
  const token = rule("token=[a-z]{8}", ["token="]);

  test("tells where the lines begin", () => {
    const suspects = screenOf([token]);
    expect(suspects("token=abcdefgh\nx\r\ny token=abcdefgh\n\ntoken=abcdefgh")).toEqual([0, 18, 36]);
    expect(suspects("token=abc\ntoken=\nabcdefgh\n")).toEqual([]);
    expect(suspects("")).toEqual([]);
    expect(suspects("\n\n")).toEqual([]);
  });

  test("names a secret at any place of a batch of many windows", () => {
    const suspects = screenOf([token]);
    const line = `${"x".repeat(99)}\n`;
    const text = line.repeat(2000);
    for (const at of [0, 326, 327, 328, 654, 655, 656, 1999]) {
      const batch = `${text.slice(0, at * 100)}a token=abcdefgh\n${text.slice(at * 100)}`;
      expect(suspects(batch)).toEqual([at * 100]);
    }
  });

  test("names a line that is too long to be looked at", () => {
    const long = "x".repeat(100_000);
    expect(screenOf([token])(`${long}\ny\n${long}\nz\n${long}`)).toEqual([0, 100_003, 200_006]);
  });

  test("looks through escapes, and through what they bring forth", () => {
    const suspects = screenOf([token]);
    expect(suspects("a=1\n%74oken%3dabcdefgh\n")).toEqual([4]);
    expect(suspects("a=1\n%2574oken%3dabcdefgh\n")).toEqual([4]);
    expect(suspects("%%374oken=abcdefgh")).toEqual([0]);
    expect(suspects('\\u0074oken\\x3dabcdefgh"\n')).toEqual([0]);
    expect(suspects("100%\nq=%20 token%3D\nabcdefgh")).toEqual([]);
  });

  test("sees what stands before a keyword that ends a pattern", () => {
    const suspects = screenOf([rule('"[a-z]{4}" is the password', ["password"])]);
    expect(suspects('"abcd" is the password\nabcd is the password\n"ab" is the password')).toEqual([0]);
  });

  test("searches around a keyword that only stands near", () => {
    const suspects = screenOf([rule("-u \\S+:\\S+", ["curl"])]);
    expect(suspects("curl -u a:b\ncurl/7.1\n-u a:b | curl\n-u a:b")).toEqual([0, 21]);
  });

  test("knows look-arounds at the edges of a pattern and what a group refers to", () => {
    const suspects = screenOf([rule("(?<=key=)(['\"])\\w{4}\\1(?=;)", ["key="])]);
    expect(suspects("key='abcd';\nkey='abcd',\nkey=abcd;\n")).toEqual([0]);
  });

  test("finds numbers and long runs", () => {
    const numbers = screenOf([rule("\\d", [], { shape: "long-number" })]);
    expect(numbers("4111 1111 1111 1111\n2026-01-10 13:06:27 200 12345\n411111111111\n")).toEqual([0, 50]);
    const ids = screenOf([rule("\\d", [], { shape: "three-two-four" })]);
    expect(ids("078-05-1120\n078-051-120\n")).toEqual([0]);
    const tokens = screenOf([rule("\\w", [], { shape: "dotted-token" })]);
    const [head, tail] = ["M".repeat(24), "z-_".repeat(9)];
    expect(tokens(`${head}.GSwJyi.${tail}\nwww.google.com\n${head}.GSwJyi.${tail.slice(1)}\n`)).toEqual([0]);
    expect(tokens(`${head.slice(1)}.GSwJyi.${tail}\n${head}%2EGSwJyi.${tail}`)).toEqual([59]);
    const runs = screenOf([rule("\\w", [], { shape: "base64-line" })]);
    expect(runs(`${"a".repeat(63)}\n${"a".repeat(64)}\n`)).toEqual([64]);
  });

  test("across lines lets no line end hide a secret", () => {
    const spread = rule("token=\\s[a-z]{8}", ["token="]);
    expect(screenOf([spread])("token=\nabcdefgh\n")).toEqual([]);
    expect(screenOf([spread], true)("x\ntoken=\nabcdefgh\n")).toEqual([2]);
    expect(screenOf([spread], true)("x\ntoken=\n12345678\n")).toEqual([]);
  });

  test("cannot be had where a rule looks at every text", () => {
    expect(createScreen({ rules: [rule("x", [])] })).toBeNull();
    expect(createScreen({ rules: [rule("x", ["schlüssel"])] })).toBeNull();
  });
});

test("bytes are decoded as texts are", () => {
  const piece = fc.oneof(
    fc.constantFrom("%", "\\", "u00", "x", "%41", "\\x4f", "\\u0041", '\\"', "\\n", "\\\\", "%c3", "7f", "80"),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const finder = new LiteralFinder(["secret"]);
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("").toWellFormed()),
      fc.nat(40),
      fc.nat(40),
      (text, at, to) => {
        const bytes = Buffer.from(text);
        finder.input.set(bytes, at);
        const end = finder.decode(0, at, at + bytes.length, to);
        const again = finder.decodesAgain;
        finder.loadDecoded(1, Math.max(0, end));
        const result = end < 0 ? null : Buffer.from(finder.text.slice(to, end)).toString();
        expect(result).toBe(decodeEscapes(text)?.text ?? null);
        if (!again) expect(decodeEscapes(result ?? text)).toBeNull();
      },
    ),
    { numRuns: 2000 },
  );
});
