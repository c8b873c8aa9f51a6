import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Find } from "../packages/cli/src/sanitize/edits.ts";
import { decodeLossless, encodeLossless } from "../packages/cli/src/sanitize/lossless-text.ts";
import { SanitizingStream } from "../packages/cli/src/sanitize/sanitizing-stream.ts";

/** Finds `secret` and digits, also on the line below, and whole keys. */
const find: Find = (text) =>
  [...text.matchAll(/(?<=secret\n?)\d+|-----BEGIN PRIVATE KEY[^]*?-----END PRIVATE KEY-----|drop\d/g)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    rule: "test",
    text: "ß",
    wholeLines: match[0].startsWith("drop"),
  }));

interface Result {
  readonly text: string;
  readonly bytes: Buffer;
  readonly places: readonly string[];
}

function run(input: string | Buffer, cuts: (left: number) => number, pauses = false): Result {
  const places: string[] = [];
  const stream = new SanitizingStream({ find, screen: null }, (rule, { line, column }) =>
    places.push(`${line}:${column} ${rule}`),
  );
  const out: Buffer[] = [];
  let rest = Buffer.from(input);
  while (rest.length > 0) {
    const size = Math.max(1, cuts(rest.length));
    out.push(...stream.push(rest.subarray(0, size)));
    if (pauses) out.push(...stream.flush());
    rest = rest.subarray(size);
  }
  out.push(...stream.end());
  const bytes = Buffer.concat(out);
  return { bytes, text: bytes.toString("latin1"), places };
}

const whole = (left: number): number => left;

describe("bytes become text and bytes again", () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.string({ unit: "binary", maxLength: 3 }).map((text) => Buffer.from(text)),
    fc.constantFrom([0xed, 0xa0, 0x80], [0xed, 0xb2, 0x80], [0xf0, 0x9d], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]),
  );

  test("without a change, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
        expect(encodeLossless(decodeLossless(bytes)).toString("hex")).toBe(bytes.toString("hex"));
      }),
      { numRuns: 500 },
    );
  });

  test("and text that is UTF-8 is that text", () => {
    expect(decodeLossless(Buffer.from("ä€𝄞\ufffd\0"))).toBe("ä€𝄞\ufffd\0");
    expect(decodeLossless(Buffer.from([0x61, 0xff, 0xc3, 0xa4]))).toBe("a\udcffä");
  });
});

describe("a stream", () => {
  const lines = fc.array(
    fc.oneof(
      { arbitrary: fc.constantFrom("secret1234", "ä secret7", "x", "", "€\r", "secret", "99", "drop1 x"), weight: 5 },
      { arbitrary: fc.integer({ min: 0, max: 3000 }).map((n) => ".".repeat(n)), weight: 1 },
    ),
    { maxLength: 40 },
  );

  test("gives the same whatever the pieces it comes in", () => {
    fc.assert(
      fc.property(lines, fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }), (texts, sizes) => {
        const input = Buffer.from(texts.join("\n"));
        let i = 0;
        const pieces = run(input, () => sizes[i++ % sizes.length] as number);
        const atOnce = run(input, whole);
        expect(pieces.text).toBe(atOnce.text);
        expect(pieces.places).toEqual(atOnce.places);
        expect(atOnce.text).not.toMatch(/secret\d|drop\d/);
      }),
    );
  });

  test("gives every line after a pause, and looks at those before it again", () => {
    const stream = new SanitizingStream({ find, screen: null }, () => {});
    expect(stream.push(Buffer.from("a\nsecret\nb"))).toEqual([]);
    expect(Buffer.concat(stream.flush()).toString()).toBe("a\nsecret\n");
    expect(stream.flush()).toEqual([]);
    stream.push(Buffer.from("c\nsecret\n"));
    expect(Buffer.concat(stream.flush()).toString()).toBe("bc\nsecret\n");
    stream.push(Buffer.from("12\n34\n"));
    expect(Buffer.concat(stream.flush()).toString()).toBe("ß\n34\n");
  });

  test("leaves out whole lines where it is told to", () => {
    expect(run("a\nb drop1 secret2 drop2\r\nc\n", whole).text).toBe("a\nc\n");
  });

  test("tells line and column, in characters", () => {
    const input = Buffer.concat([
      Buffer.from("x\nä€𝄞 secret1\n\nsecret2 "),
      Buffer.from([0xff]),
      Buffer.from("secret3"),
    ]);
    expect(run(input, () => 1).places).toEqual(["2:11 test", "4:7 test", "4:16 test"]);
  });

  test("looks at a private key as a whole, wherever it is cut", () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${`${"A".repeat(64)}\n`.repeat(500)}-----END PRIVATE KEY-----`;
    const { text } = run(`a\n${key}\nb\n`, () => 4000);
    expect(text).toBe("a\n\xc3\x9f\nb\n");
  });

  test("does not wait for the end of a key for ever", () => {
    const stream = new SanitizingStream({ find, screen: null }, () => {});
    let out = 0;
    const line = Buffer.from(`${"-".repeat(99)}\n`);
    for (const part of stream.push(Buffer.from("-----BEGIN PRIVATE KEY-----\n"))) out += part.length;
    for (let i = 0; i < 2000; i++) for (const part of stream.push(line)) out += part.length;
    expect(out).toBeGreaterThan(100_000);
  });

  test("does a line of any length in pieces, and finds what lies across them", () => {
    const filler = "ä".repeat(400_000);
    const input = `${`${filler}secret${"1".repeat(5000)}-`.repeat(6)}\n`;
    const stream = new SanitizingStream({ find, screen: null }, () => {});
    const out: Buffer[] = [];
    const bytes = Buffer.from(input);
    for (let at = 0; at < bytes.length; at += 65_536) out.push(...stream.push(bytes.subarray(at, at + 65_536)));
    expect(out.length).toBeGreaterThan(5);
    out.push(...stream.end());
    expect(Buffer.concat(out).toString()).toBe(`${`${filler}secretß-`.repeat(6)}\n`);
  });
});
