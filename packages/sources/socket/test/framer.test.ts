import { recordsOf } from "@sluice/testkit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Framer, type FramingMode } from "../src/framer.ts";
import { RecordBuffer } from "../src/record-buffer.ts";

interface Seen {
  readonly text: string;
  readonly tags: readonly string[];
}

interface Run {
  readonly mode: FramingMode;
  readonly max?: number;
  readonly clean?: boolean;
}

/** The records of a stream that comes in these chunks; `take` says after which of them what is there is taken. */
function frame(chunks: readonly Buffer[], { mode, max = 1000, clean = true }: Run, take = new Set<number>()): Seen[] {
  const out = new RecordBuffer();
  const framer = new Framer(mode, max, out);
  const seen: Seen[] = [];
  const positions: number[] = [];
  const collect = (): void => {
    const records = out.take();
    if (!records) return;
    for (const { text, tags, position } of recordsOf({ ...records, stream: { id: "x", fields: {} }, streamKey: "x" })) {
      seen.push({ text, tags });
      positions.push(position);
    }
  };
  for (const [i, chunk] of chunks.entries()) {
    framer.push(chunk);
    if (take.has(i)) collect();
    // A count that has not ended is held, too.
    expect(framer.held).toBeLessThanOrEqual(Math.max(max, 12));
  }
  framer.end(clean);
  collect();
  expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
  return seen;
}

const texts = (input: string, run: Run): string[] => frame([Buffer.from(input)], run).map(({ text }) => text);

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, i, all) => bytes.subarray(i === 0 ? 0 : all[i - 1], end));
}

test("takes lines, the last one with or without its newline", () => {
  expect(texts("a\r\nb\n\nc", { mode: "newline" })).toEqual(["a", "b", "", "c"]);
  expect(texts("1 <b\n", { mode: "newline" })).toEqual(["1 <b"]);
});

test("takes octet-counted frames, newlines within them and one at their end", () => {
  expect(texts("5 <1>ab8 <1>a\nbc\n4 <2>x", { mode: "octet_counted" })).toEqual(["<1>ab", "<1>a\nbc", "<2>x"]);
  expect(texts("0 <1>\n", { mode: "octet_counted" })).toEqual(["0 <1>"]);
});

test("tells for each frame whether it is counted or a line", () => {
  const mixed = "<1>line\n9 <2>countd<3>line 12 <\n6 <4>x\ny2025-04-13 07:15:22 a line\n203.0.113.7 - - a line\n";
  expect(texts(mixed, { mode: "auto" })).toEqual([
    "<1>line",
    "<2>countd",
    "<3>line 12 <",
    "<4>x\ny",
    "2025-04-13 07:15:22 a line",
    "203.0.113.7 - - a line",
  ]);
});

test("takes frames that end with NUL", () => {
  expect(texts('{"a":1}\0{"b":\n2}\0x', { mode: "nul" })).toEqual(['{"a":1}', '{"b":\n2}', "x"]);
});

test("cuts a record that is too long at a character, skips its rest, and goes on behind it", () => {
  const run = { max: 6 };
  const long = { text: "aaaaa", tags: ["_line_cut"] };
  for (const [mode, input] of [
    ["newline", "aaaaaäaaa\nb\n"],
    ["auto", "aaaaaäaaa\nb\n"],
    ["nul", "aaaaaäaaa\0b\0"],
  ] as const) {
    expect(frame([Buffer.from(input)], { ...run, mode })).toEqual([long, { text: "b", tags: [] }]);
  }
  expect(frame([Buffer.from("10 <aaaaäaaab\n")], { ...run, mode: "auto" })).toEqual([
    { text: "<aaaa", tags: ["_line_cut"] },
    { text: "b", tags: [] },
  ]);
});

test("marks what its connection left unfinished", () => {
  const rest = { text: "<1>a", tags: ["_incomplete"] };
  expect(frame([Buffer.from("9 <1>a")], { mode: "auto" })).toEqual([rest]);
  expect(frame([Buffer.from("<1>a")], { mode: "auto", clean: false })).toEqual([rest]);
});

test("gives an unfinished record up when its room is needed", () => {
  const out = new RecordBuffer();
  const framer = new Framer("newline", 1000, out);
  framer.push(Buffer.from("never ending"));
  framer.cut();
  framer.push(Buffer.from(" line\nnext\n"));
  const { data } = out.take() ?? {};
  expect(Buffer.from(data ?? []).toString()).toBe("never ending\nnext\n");
});

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Bytes that are likely to mean something.
  fc
    .array(fc.constantFrom("\n", "\r", "\0", " ", "<1>", "0", "1", "2", "7", "12 ", "3 <", "x", "ü"), { maxLength: 80 })
    .map((parts) => Buffer.from(parts.join(""))),
);

test.each(["auto", "newline", "octet_counted", "nul"] as const)("%s: chunk boundaries do not matter", (mode) => {
  fc.assert(
    fc.property(
      anyBytes,
      fc.array(fc.nat(400), { maxLength: 30 }),
      fc.array(fc.nat(30)),
      fc.integer({ min: 4, max: 60 }),
      fc.boolean(),
      (data, places, takes, max, clean) => {
        const bytes = Buffer.from(data);
        const whole = frame([bytes], { mode, max, clean });
        expect(frame(cutAt(bytes, places), { mode, max, clean }, new Set(takes))).toEqual(whole);
        expect(frame(cutAt(bytes, [...bytes.keys()]), { mode, max, clean })).toEqual(whole);
      },
    ),
    { numRuns: 1000 },
  );
});

test("what is framed comes out again, whatever is in it", () => {
  const message = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat(2000)), (messages, places) => {
      const wanted = messages.map((text) => Buffer.from(`<${text}.`, "latin1"));
      const stream = Buffer.concat(wanted.flatMap((bytes) => [Buffer.from(`${bytes.length} `), bytes]));
      const seen = frame(cutAt(stream, places), { mode: "auto" });
      expect(seen).toEqual(wanted.map((bytes) => ({ text: bytes.toString("utf8"), tags: [] })));
    }),
  );
});
