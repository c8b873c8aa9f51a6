import type { Ending, Splitter } from "@sluice/archive";
import { recordsOf, type SeenRecord } from "@sluice/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodingOf } from "../src/encoding.ts";
import { fileOptions } from "../src/options.ts";
import { splitterOf } from "../src/splitters.ts";

const stream = { id: "s", fields: {} };

function splitter(options: object = {}): Splitter {
  return splitterOf(fileOptions.parse({ include: "x", ...options }));
}

/** Reads `content` the way the pump does: from the offset on, in pieces of `chunk` bytes that grow when they are stuck. */
function readIn(content: Buffer, chunk: number, by: Splitter, last: Ending = "final"): SeenRecord[] {
  const seen: SeenRecord[] = [];
  let offset = 0;
  let skipping = false;
  for (let want = chunk; ; ) {
    const bytes = new Uint8Array(content.subarray(offset, offset + want));
    const end = bytes.length < want;
    const split = by.split({ bytes, base: offset, skipping, ending: end ? last : "open" });
    if (split.records) seen.push(...recordsOf({ ...split.records, stream, streamKey: "s" }));
    offset += split.consumed;
    skipping = split.skipping;
    if (end) return seen;
    if (split.consumed === 0 && want >= by.enough) throw new Error(`stuck at ${offset} with ${want} bytes`);
    want = split.consumed === 0 ? Math.min(want * 2, by.enough) : chunk;
  }
}

const texts = (records: SeenRecord[]) => records.map(({ text }) => text);

test.each([
  ["plain", "a\nb\n", ["a", "b"]],
  ["no newline at the end", "a\nb", ["a", "b"]],
  ["carriage returns", "a\r\nb\r\n", ["a", "b"]],
  ["empty lines", "\n\na\n\n", ["", "", "a", ""]],
  ["a lone return stays", "a\rb\n", ["a\rb"]],
  ["NUL", "a\0b\n", ["a\0b"]],
  ["empty", "", []],
])("lines: %s", (_, content, expected) => {
  for (const chunk of [1, 2, 3, 100]) expect(texts(readIn(Buffer.from(content), chunk, splitter()))).toEqual(expected);
});

test("an unfinished line waits", () => {
  expect(texts(readIn(Buffer.from("a\nb"), 10, splitter(), "open"))).toEqual(["a"]);
});

test("invalid UTF-8 passes as it is", () => {
  const bytes = Buffer.from([0x61, 0xff, 0xfe, 0x0a]);
  const split = splitter().split({ bytes: new Uint8Array(bytes), base: 0, skipping: false, ending: "open" });
  expect(Buffer.from(split.records?.data ?? [])).toEqual(bytes);
});

test("a long line is cut, tagged, and skipped to its end", () => {
  const content = Buffer.from(`one\n${"x".repeat(25)}\ntwo\n${"y".repeat(10)}\nthree\n`);
  for (const chunk of [1, 3, 10, 11, 64]) {
    const records = readIn(content, chunk, splitter({ max_line_bytes: "10B" }));
    expect(texts(records)).toEqual(["one", "x".repeat(10), "two", "y".repeat(10), "three"]);
    expect(records.map(({ tags }) => tags)).toEqual([[], ["_line_cut"], [], [], []]);
    expect(records.map(({ position }) => position)).toEqual([0, 4, 30, 34, 45]);
  }
});

test("a long line is not cut inside of a character", () => {
  const records = readIn(Buffer.from(`${"€".repeat(5)}\nz\n`), 4, splitter({ max_line_bytes: "10B" }));
  expect(texts(records)).toEqual(["€€€", "z"]);
});

test("cutting a file into pieces does not change its lines", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "é", "\r", "\0", " "), maxLength: 30 });
  fc.assert(
    fc.property(
      fc.array(line),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 8, max: 20 }),
      (lines, chunk, max) => {
        const content = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const options = { max_line_bytes: `${max}B` };
        const whole = readIn(content, 1_000_000, splitter(options));
        expect(readIn(content, chunk, splitter(options))).toEqual(whole);
        expect(whole.length).toBe(lines.length);
        for (const [i, record] of whole.entries()) {
          const full = (lines[i] as string).replace(/\r$/, "");
          if (record.tags.length === 0) expect(record.text).toBe(full);
          else expect((lines[i] as string).startsWith(record.text)).toBe(true);
        }
      },
    ),
  );
});

test.each([
  ["utf-16le", (text: string) => Buffer.from(text, "utf16le")],
  ["utf-16be", (text: string) => Buffer.from(text, "utf16le").swap16()],
  ["latin1", (text: string) => Buffer.from(text, "latin1")],
])("encoding %s", (encoding, encode) => {
  // U+0A0D and U+0D0A hold the bytes of line ends in UTF-16.
  const wide = encoding === "latin1" ? "" : "\u0a0d\u0d0a\u0a0a";
  const content = encode(`Größe${wide}\r\nzwei\n\ndrei`);
  for (const chunk of [2, 4, 6, 100]) {
    const records = readIn(content, chunk, splitter({ encoding }));
    expect(texts(records)).toEqual([`Größe${wide}`, "zwei", "", "drei"]);
    expect(records[1]?.position).toBe(encode(`Größe${wide}\r\n`).length);
  }
});

test("windows-1252 and Shift_JIS become UTF-8", () => {
  expect(texts(readIn(Buffer.from([0x80, 0x0a]), 9, splitter({ encoding: "windows-1252" })))).toEqual(["€"]);
  expect(texts(readIn(Buffer.from([0x83, 0x65, 0x0a]), 9, splitter({ encoding: "shift_jis" })))).toEqual(["テ"]);
  expect(() => encodingOf("klingon")).toThrow(RangeError);
});

const multiline = (options: object) => splitter({ multiline: options });
const trace = "start 1\n  at a\n  at b\nstart 2\nstart 3\n  at c\n";
const events = ["start 1\n  at a\n  at b", "start 2", "start 3\n  at c"];

test.each([
  ["start", { start: "^start" }, trace, events],
  ["continuation", { continuation: "^\\s" }, trace, events],
  ["continued", { continued: "\\\\$" }, "a\\\nb\\\nc\nd\n", ["a\\\nb\\\nc", "d"]],
  ["end", { end: ";$" }, "a\nb;\nc;\nd\n", ["a\nb;", "c;", "d"]],
  ["lines before the first start are one event", { start: "^S" }, "x\ny\nS\nz\n", ["x\ny", "S\nz"]],
  ["carriage returns inside", { start: "^S" }, "S\r\nx\r\nS\r\n", ["S\nx", "S"]],
  ["max_lines", { start: "^S", max_lines: 2 }, "S\n1\n2\n3\nS\n", ["S\n1", "2\n3", "S"]],
  ["max_bytes", { start: "^S", max_bytes: "5B" }, "S\n1\n2\n3\nS\n", ["S\n1\n2", "3", "S"]],
])("multiline: %s", (_, options, content, expected) => {
  for (const chunk of [1, 3, 7, 1000]) {
    expect(texts(readIn(Buffer.from(content), chunk, multiline(options)))).toEqual(expected);
  }
});

test("multiline: an open event waits, and is passed on without its unfinished line when the file stays still", () => {
  const content = Buffer.from("S 1\n x\nS 2\n y\n z");
  const by = multiline({ start: "^S" });
  expect(texts(readIn(content, 100, by, "open"))).toEqual(["S 1\n x"]);
  expect(texts(readIn(content, 100, by, "idle"))).toEqual(["S 1\n x", "S 2\n y"]);
  expect(texts(readIn(content, 100, by, "final"))).toEqual(["S 1\n x", "S 2\n y\n z"]);
});

test("multiline: a cut line ends its event", () => {
  const by = splitter({ multiline: { start: "^S" }, max_line_bytes: "6B" });
  const records = readIn(Buffer.from(`S\n${"x".repeat(20)}\ny\nS\n`), 5, by);
  expect(texts(records)).toEqual([`S\n${"x".repeat(6)}`, "y", "S"]);
  expect(records[0]?.tags).toEqual(["_line_cut"]);
});

test("multiline: an event is tagged as cut only when a line that belongs to it comes after", () => {
  const by = multiline({ start: "^S", max_lines: 2 });
  expect(readIn(Buffer.from("S\n1\nS\n1\n2\nS\n"), 100, by).map(({ tags }) => tags)).toEqual([
    [],
    ["_multiline_cut"],
    [],
    [],
  ]);
});

test("multiline: pieces do not change the events, and positions tell them apart", () => {
  const line = fc.constantFrom("S", "S aa", " b", " ccccccc", " ccccccc\r", " cccccccccccccc", "", "d\r");
  const tight = { max_lines: 1, max_bytes: "4B" };
  const limits = fc.record({ max_lines: fc.integer({ min: 1, max: 4 }), max_bytes: fc.constantFrom("4B", "30B") });
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 1, max: 40 }), limits, (lines, chunk, limit) => {
      const content = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const by = splitter({ multiline: { start: "^S", ...limit }, max_line_bytes: "8B" });
      const whole = readIn(content, 1_000_000, by);
      expect(readIn(content, chunk, by)).toEqual(whole);
      expect(new Set(whole.map(({ position }) => position)).size).toBe(whole.length);
      expect(whole.flatMap(({ text }) => text.split("\n")).length).toBe(lines.length);
    }),
    { numRuns: Number(process.env["FILE_SPLIT_RUNS"] ?? 500), examples: [[[" cccccccccccccc"], 16, tight]] },
  );
});

test("options: exactly one multiline rule, valid expressions, known encodings", () => {
  const errors = (options: object) => fileOptions.safeParse({ include: "x", ...options }).error?.issues ?? [];
  expect(errors({ multiline: {} })[0]?.message).toContain("exactly one of");
  expect(errors({ multiline: { start: "a", end: "b" } })[0]?.message).toContain("exactly one of");
  expect(errors({ multiline: { start: "(" } })[0]?.message).toContain("regular expression");
  expect(errors({ encoding: "klingon" })[0]?.message).toContain("unknown encoding");
  expect(errors({ max_line_bytes: "1MiB", encoding: "utf-16le", multiline: { start: "^a" } })).toEqual([]);
});
