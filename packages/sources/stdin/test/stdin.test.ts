import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

// The source reads the process's own stdin, so it runs in a process of its own, which prints what was emitted.
const SCRIPT = `
import { stdinSource } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
const emitted = [];
const source = stdinSource.create({}, { name: "in" });
await source.run({
  stop: new AbortController().signal,
  emit: async ({ data, framing, stream, streamKey, position }) => {
    const texts = Array.from(framing.starts, (start, i) => Buffer.from(data.subarray(start, framing.ends[i])).toString());
    emitted.push({ texts, positions: [...framing.positions], id: stream.id, streamKey, position });
  },
});
console.log(JSON.stringify(emitted));
`;

async function feed(...chunks: (string | Buffer)[]) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  for (const chunk of chunks) child.stdin.write(chunk);
  child.stdin.end();
  await once(child, "close");
  return JSON.parse(out) as { texts: string[]; positions: number[]; id: string; position?: unknown }[];
}

test("lines arrive without their ends, numbered, the last one without a newline too", async () => {
  const batches = await feed("one\ntw", "o\r\n\nlä", "st");
  expect(batches.flatMap(({ texts }) => texts)).toEqual(["one", "two", "", "läst"]);
  expect(batches.flatMap(({ positions }) => positions)).toEqual([0, 1, 2, 3]);
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
