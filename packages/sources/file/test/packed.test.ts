import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Running, readAll, scratch, start } from "./harness.ts";

let space: ReturnType<typeof scratch>;
let running: Running | undefined;
beforeEach(() => {
  space = scratch();
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  space.remove();
});

const include = "a.log*";
const follow = (context = {}) => {
  running = start(space.dir, { include }, context);
  return running;
};
/** Packs and removes like gzip(1). */
function pack(name: string, kind: "gz" | "zst" = "gz"): void {
  const content = readFileSync(space.path(name));
  writeFileSync(space.path(`${name}.${kind}`), kind === "gz" ? gzipSync(content) : zstdCompressSync(content));
  rmSync(space.path(name));
}

test.each([
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
])("reads %s files once, the last line without its end too", async (_, compress) => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i} ${Math.sin(i)}`);
  writeFileSync(space.path("a.log.1"), compress(lines.join("\n")));
  const first = await readAll(space.dir, { include });
  expect(first.texts).toEqual(lines);
  expect((await readAll(space.dir, { include }, { state: first.state.all() })).texts).toEqual([]);
});

test("goes on in the middle of a packed file", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i} ${Math.cos(i)}`);
  writeFileSync(space.path("a.log.1.gz"), gzipSync(`${lines.join("\n")}\n`));
  const whole = await readAll(space.dir, { include, read_chunk: "64KiB" });
  const { state } = whole.history[3] as (typeof whole.history)[number];
  const rest = await readAll(space.dir, { include }, { state });
  expect(rest.texts.length).toBeLessThan(lines.length);
  expect(rest.texts).toEqual(lines.slice(-rest.texts.length));
  expect(rest.records).toEqual(whole.records.slice(-rest.texts.length));
});

test("two members, one after the other, and what follows garbage-free", async () => {
  writeFileSync(space.path("a.log.1.gz"), Buffer.concat([gzipSync("one\n"), gzipSync("two\n")]));
  expect((await readAll(space.dir, { include })).texts).toEqual(["one", "two"]);
});

test("what was read as a plain file is not read again when it is packed", async () => {
  writeFileSync(space.path("a.log"), "1\n2\n");
  const run = follow();
  await run.expects(["1", "2"]);
  renameSync(space.path("a.log"), space.path("a.log.1"));
  writeFileSync(space.path("a.log"), "3\n");
  await run.expects(["1", "2", "3"]);
  pack("a.log.1");
  appendFileSync(space.path("a.log"), "4\n");
  await run.expects(["1", "2", "3", "4"]);
  // Long enough for the old file to be given up, and its packed copy to be taken for what it is.
  await run.until(() => [...run.ctx.state.all().values()].some((it) => (it as { done?: number }).done !== undefined));
  await run.expects(["1", "2", "3", "4"]);
});

test("what was packed while sluice was down is read from where it stopped, under the same ids", async () => {
  writeFileSync(space.path("a.log"), "1\n2\n");
  const first = await readAll(space.dir, { include });
  appendFileSync(space.path("a.log"), "3\n");
  renameSync(space.path("a.log"), space.path("a.log.1"));
  pack("a.log.1", "zst");
  writeFileSync(space.path("a.log"), "4\n");
  const second = await readAll(space.dir, { include: "a.log" }, { state: first.state.all() });
  expect(second.texts.sort()).toEqual(["3", "4"]);
  const three = second.records.find(({ text }) => text === "3");
  expect(three?.streamKey).toBe(first.records[0]?.streamKey);
  expect(three?.position).toBe(4);
});

test("a packed copy that is kept beside its plain file is not read", async () => {
  writeFileSync(space.path("a.log.1"), "1\n2\n");
  writeFileSync(space.path("a.log.1.gz"), gzipSync("1\n2\n"));
  expect((await readAll(space.dir, { include })).texts).toEqual(["1", "2"]);
});

test("a packed file of another content is read", async () => {
  writeFileSync(space.path("a.log"), "banner\nnew 1\n");
  writeFileSync(space.path("a.log.1.gz"), gzipSync("banner\nold 1\nold 2\n"));
  expect((await readAll(space.dir, { include })).texts).toEqual(["banner", "new 1", "banner", "old 1", "old 2"]);
});

test("a packed file that is still being written is read once it is whole", async () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} ${Math.sin(i)}`);
  const bytes = gzipSync(`${lines.join("\n")}\n`);
  writeFileSync(space.path("a.log.1.gz"), bytes.subarray(0, 700));
  const run = follow();
  await run.until(() => run.ctx.history.length > 0);
  appendFileSync(space.path("a.log.1.gz"), bytes.subarray(700, 9000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  appendFileSync(space.path("a.log.1.gz"), bytes.subarray(9000));
  await run.expects(lines);
});

test("finite: what there is of a packed file without its end is taken", async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${Math.sin(i)}`);
  const bytes = gzipSync(`${lines.join("\n")}\n`);
  writeFileSync(space.path("a.log.1.gz"), bytes.subarray(0, bytes.length / 2));
  const { texts } = await readAll(space.dir, { include });
  expect(texts.length).toBeGreaterThan(8000);
  expect(texts.slice(0, -1)).toEqual(lines.slice(0, texts.length - 1));
});

test("a broken packed file harms no other, and is complained about once", async () => {
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (_: object, message: string) => void warnings.push(message) };
  const broken = gzipSync(Array.from({ length: 20_000 }, (_, i) => `${i} ${Math.sin(i)}`).join("\n"));
  broken.fill(7, 1000, 2000);
  writeFileSync(space.path("a.log.1.gz"), broken);
  writeFileSync(space.path("a.log"), "fine\n");
  const run = follow({ log });
  await run.until(() => run.ctx.texts.includes("fine") && warnings.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(warnings.length).toBe(1);
});

test("compressed: off takes the bytes as they are", async () => {
  const packed = gzipSync("x\n");
  writeFileSync(space.path("a.log.gz"), packed);
  const ctx = await readAll(space.dir, { include, compressed: "off" });
  expect(Buffer.concat(ctx.batches.map(({ data }) => data))).toEqual(packed);
});
