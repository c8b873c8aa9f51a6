import fc from "fast-check";
import { expect, test } from "vitest";
import { forEachRecord } from "../src/records.ts";

const stream = { id: "s", fields: {} };

function read(text: string | Uint8Array, base = 0) {
  const data = new Uint8Array(Buffer.from(text));
  const lines: [number, string, number][] = [];
  const bytes = forEachRecord({ stream, data, framing: { kind: "lines", base } }, (index, line, position) => {
    lines.push([index, line, position]);
  });
  return { lines, bytes };
}

test("lines end at newlines; a carriage return before one is not part of the line", () => {
  expect(read("one\r\ntwo\n\nlast", 100)).toEqual({
    lines: [
      [0, "one", 100],
      [1, "two", 105],
      [2, "", 109],
      [3, "last", 110],
    ],
    bytes: 10,
  });
});

test("a carriage return elsewhere stays", () => {
  expect(read("a\rb\nc\r").lines.map(([, line]) => line)).toEqual(["a\rb", "c\r"]);
});

test("positions count bytes where characters have several, and invalid UTF-8 becomes U+FFFD", () => {
  expect(read("é\nx\n").lines).toEqual([
    [0, "é", 0],
    [1, "x", 3],
  ]);
  expect(read(Uint8Array.of(0x61, 0xff, 0x0a)).lines).toEqual([[0, "a\ufffd", 0]]);
});

test("whatever the bytes, the lines and their ends cover all of them", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(10, 13, 0, 0x61, 0xc3, 0xa9, 0xff, 0x22)), (bytes) => {
      const { lines, bytes: counted } = read(Uint8Array.from(bytes));
      const ends = bytes.filter((b) => b === 10).length;
      const stripped = bytes.filter((b, i) => b === 13 && bytes[i + 1] === 10).length;
      expect(lines).toHaveLength(bytes.length === 0 ? 0 : ends + (bytes.at(-1) === 10 ? 0 : 1));
      expect(counted).toBe(bytes.length - ends - stripped);
    }),
  );
});

test("framed records are cut where the source says", () => {
  const seen: unknown[] = [];
  const framing = {
    kind: "records" as const,
    starts: Uint32Array.of(0, 4),
    ends: Uint32Array.of(3, 7),
    positions: Float64Array.of(7, 9),
    extra: { 1: { tags: ["_line_cut"] } },
  };
  forEachRecord({ stream, data: new Uint8Array(Buffer.from("a\nb c\n\n")), framing }, (...record) => seen.push(record));
  expect(seen).toEqual([
    [0, "a\nb", 7, undefined],
    [1, "c\n\n", 9, { tags: ["_line_cut"] }],
  ]);
});
