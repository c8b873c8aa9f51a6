import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { checkSource, FakeSourceContext } from "@sluice/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Archive, findArchives, ReplaySource } from "../src/index.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sluice-replay-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const many = (name: string, count = 20_000) => Array.from({ length: count }, (_, i) => `${name} ${i} ${Math.sin(i)}`);
const text = (lines: readonly string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(""));
const noS3 = () => Promise.reject(new Error("no S3 here"));
const files = () => findArchives([dir], noS3);

async function replay(archives: readonly Archive[], context: ConstructorParameters<typeof FakeSourceContext>[0] = {}) {
  const ctx = new FakeSourceContext({ finite: true, ...context });
  const source = new ReplaySource({ archives });
  await source.run(ctx);
  return { ctx, source };
}

test("keeps the contract of sources", async () => {
  writeFileSync(join(dir, "a.log.2.gz"), gzipSync(text(many("two"))));
  writeFileSync(join(dir, "a.log.1"), text(many("one")));
  writeFileSync(join(dir, "a.log"), "");
  const archives = await files();
  const expected = [...many("two"), ...many("one")];
  await checkSource({ create: () => new ReplaySource({ archives }), expected, resumable: true });
});

test("goes on exactly where any state was stored, though the files were renamed, packed and grown since", async () => {
  writeFileSync(join(dir, "a.log.1"), text(many("old")));
  writeFileSync(join(dir, "a.log"), text(many("new").slice(0, -1)));
  const whole = (await replay(await files())).ctx;
  rmSync(join(dir, "a.log.1"));
  writeFileSync(join(dir, "a.log.2.zst"), zstdCompressSync(text(many("old"))));
  writeFileSync(join(dir, "a.log.1.gz"), gzipSync(text(many("new"))));
  rmSync(join(dir, "a.log"));
  for (const { state, records } of whole.history.filter((_, i) => i % 3 === 0)) {
    const { ctx } = await replay(await files(), { state });
    // A stream that was begun keeps its id; one that was not gets that of its new name.
    expect(ctx.texts).toEqual([...many("old"), ...many("new")].slice(records));
  }
});

test("a file that is done is not opened again, and one that was written anew is another", async () => {
  writeFileSync(join(dir, "a.log"), text(["one", "two"]));
  const state = (await replay(await files())).ctx.state.all();
  const unreadable = (await files()).map((archive) => ({
    ...archive,
    read: () => Promise.reject(new Error("opened")) as never,
  }));
  expect((await replay(unreadable, { state })).ctx.texts).toEqual([]);
  // Logs that are cut by size are often of the same.
  writeFileSync(join(dir, "a.log"), text(["two", "one"]));
  utimesSync(join(dir, "a.log"), 1.7e9, 1.7e9);
  expect((await replay(await files(), { state })).ctx.texts).toEqual(["two", "one"]);
});

test.each([
  ["short", ["start"]],
  ["long", many("banner", 100)],
])("files that begin alike (%s) keep their own positions", async (_, banner) => {
  writeFileSync(join(dir, "b.log"), text([...banner, ...many("b")]));
  const whole = (await replay(await files())).ctx;
  writeFileSync(join(dir, "a.log"), text([...banner, "a"]));
  writeFileSync(join(dir, "c.log"), text([...banner, "c"]));
  for (const { state, records } of whole.history) {
    const { ctx } = await replay(await files(), { state });
    expect(ctx.texts).toEqual([...banner, "a", ...[...banner, ...many("b")].slice(records), ...banner, "c"]);
  }
});

/** An object whose reading fails after each of so many bytes, once. */
function flaky(content: Buffer, failures: number[]): Archive {
  const left = [...failures];
  async function* read(_: AbortSignal, offset: number): AsyncGenerator<Uint8Array> {
    const stop = left.shift() ?? Infinity;
    for (let at = offset; at < content.length; at += 10_000) {
      if (at > stop) throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
      yield content.subarray(at, at + 10_000);
    }
  }
  return { name: "s3://b/k", bytes: content.length, writtenBy: undefined, etag: "e", isFound: true, read };
}

test("a connection that breaks is made again, and no line is lost or sent twice", async () => {
  const plain = { ...flaky(text(many("y")), [0, 300_000, -1, 400_000]), name: "s3://b/y" };
  const { ctx, source } = await replay([flaky(gzipSync(text(many("x"))), [0, 50_000, 150_000]), plain]);
  expect(ctx.texts).toEqual([...many("x"), ...many("y")]);
  expect(source.damages).toEqual([]);
});

test("one that breaks for ever is given up, named and counted, and the others are replayed", async () => {
  writeFileSync(join(dir, "a.log"), "a\n");
  const { ctx, source } = await replay([flaky(text(["never"]), [-1, -1, -1, -1, -1]), ...(await files())]);
  expect(ctx.texts).toEqual(["a"]);
  expect(source.damages).toEqual([{ name: "s3://b/k", reason: expect.stringContaining("the connection broke") }]);
});

test("progress counts stored bytes, and reaches their total", async () => {
  writeFileSync(join(dir, "a.log.1.gz"), gzipSync(text(many("two"))));
  writeFileSync(join(dir, "a.log"), text(many("one")));
  const source = new ReplaySource({ archives: await files() });
  const seen: number[] = [];
  const gate = async () => void seen.push(source.progress.bytes);
  await source.run(new FakeSourceContext({ finite: true, gate }));
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(source.progress.bytes).toBe(source.progress.total);
});
