import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

// The source reads the process's own stdin, so it runs in a process of its own, which prints what was emitted.
const SCRIPT = `
import { stdinSource } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
const emitted = [];
const linesOf = (data, { base }) => {
  const ended = Buffer.from(data).toString("latin1").match(/[^\\n]*\\n|[^\\n]+$/g);
  let at = 0;
  const starts = ended.map((line) => (at += line.length) - line.length);
  const ends = ended.map((line, i) => starts[i] + line.replace(/\\r?\\n$/, "").length);
  return { starts, ends, positions: starts.map((start) => base + start), extra: {} };
};
const options = stdinSource.options.parse(JSON.parse(process.argv[1]));
const source = stdinSource.create(options, { name: "in" });
await source.run({
  stop: new AbortController().signal,
  emit: async ({ data, framing, stream, streamKey, position }) => {
    const { starts, ends, positions, extra } = framing.kind === "lines" ? linesOf(data, framing) : framing;
    const texts = Array.from(starts, (start, i) => Buffer.from(data.subarray(start, ends[i])).toString());
    const tags = texts.map((_, i) => extra[i]?.tags ?? []);
    emitted.push({ texts, tags, positions: [...positions], id: stream.id, streamKey, position });
  },
});
console.log(JSON.stringify(emitted));
`;

async function feed(...chunks: (string | Buffer)[]) {
  return feedWith({}, ...chunks);
}

async function feedWith(options: object, ...chunks: (string | Buffer)[]) {
  const args = ["--input-type=module", "-e", SCRIPT, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  for (const chunk of chunks) child.stdin.write(chunk);
  child.stdin.end();
  await once(child, "close");
  return JSON.parse(out) as {
    texts: string[];
    tags: string[][];
    positions: number[];
    id: string;
    position?: unknown;
  }[];
}

test("lines arrive without their ends, with their offsets, the last one without a newline too", async () => {
  const batches = await feed("one\ntw", "o\r\n\nlä", "st");
  expect(batches.flatMap(({ texts }) => texts)).toEqual(["one", "two", "", "läst"]);
  expect(batches.flatMap(({ positions }) => positions)).toEqual([0, 4, 9, 10]);
});

test("ids differ from run to run, because a pipe cannot be read again, and no position is stored", async () => {
  const [first] = await feed("x\n");
  const [second] = await feed("x\n");
  expect(first?.id).not.toBe(second?.id);
  expect(first?.position).toBeUndefined();
});

test("many lines stay whole and in order", async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${"x".repeat(i % 50)}`);
  expect((await feed(`${lines.join("\n")}\n`)).flatMap(({ texts }) => texts)).toEqual(lines);
});

test("a line that is too long is cut at a character and tagged, and the lines around it are whole", async () => {
  const long = "ä".repeat(40_000);
  const batches = await feedWith({ max_line_bytes: "1001B" }, `before\n${long}\r\nafter\n${"y".repeat(1001)}\n`, long);
  expect(batches.flatMap(({ texts }) => texts)).toEqual([
    "before",
    "ä".repeat(500),
    "after",
    "y".repeat(1001),
    "ä".repeat(500),
  ]);
  expect(batches.flatMap(({ tags }) => tags)).toEqual([[], ["_line_cut"], [], [], ["_line_cut"]]);
  expect(batches.flatMap(({ positions }) => positions)).toEqual([0, 7, 80_009, 80_015, 81_017]);
});

test("a line of 64 MiB is read in the time and memory of its bytes", async () => {
  const part = Buffer.alloc(1024 * 1024, "x");
  const batches = await feed(...Array.from({ length: 64 }, () => part), "\nnext\n");
  expect(batches.flatMap(({ texts }) => texts.map((text) => text.length))).toEqual([1024 * 1024, 4]);
  expect(batches.flatMap(({ tags }) => tags)).toEqual([["_line_cut"], []]);
});
