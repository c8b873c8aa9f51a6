import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import {
  checkSource,
  FakeSourceContext,
  type ObjectStore,
  requireObjectStore,
  startObjectStore,
} from "@sluice/testkit";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Bucket, rememberingLogger } from "./harness.ts";

const ready = requireObjectStore("16.2");
let store: ObjectStore;
let count = 0;
beforeAll(async () => {
  if (ready) store = await startObjectStore();
}, 300_000);
afterAll(async () => {
  await store?.stop();
});

async function bucketWith(objects: Record<string, string | Uint8Array> = {}): Promise<Bucket> {
  const bucket = await Bucket.make(store, `source-${++count}`);
  for (const [key, content] of Object.entries(objects)) await bucket.put(key, content);
  return bucket;
}

async function readOnce(
  bucket: Bucket,
  options: object = {},
  context: ConstructorParameters<typeof FakeSourceContext>[0] = {},
) {
  const ctx = new FakeSourceContext({ finite: true, ...context });
  await bucket.source(options).run(ctx);
  return ctx;
}

const zstd = (text: string) => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
const many = (name: string, lines = 6000) => Array.from({ length: lines }, (_, i) => `${name} ${i} ${Math.sin(i)}`);
const ended = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

const OBJECTS = {
  "a/1.log.gz": gzipSync(ended(many("one"))),
  "a/2.log": ended(many("two")),
  "a/dir/": "",
  "a/z.zst": zstd(ended(many("three"))),
  "b/other": "other\n",
};
const EXPECTED = [...many("one"), ...many("two"), ...many("three")];

test.runIf(ready)("keeps the contract of sources", async () => {
  const bucket = await bucketWith(OBJECTS);
  await checkSource({ create: () => bucket.source({ prefix: "a/" }), expected: EXPECTED, resumable: true });
});

test.runIf(ready)("goes on exactly where any state was stored: nothing is missing, nothing repeated", async () => {
  const bucket = await bucketWith(OBJECTS);
  const whole = await readOnce(bucket, { prefix: "a/" });
  expect(whole.texts).toEqual(EXPECTED);
  expect(whole.history.length).toBeGreaterThan(8);
  for (const { state, records } of whole.history) {
    const rest = await readOnce(bucket, { prefix: "a/" }, { state });
    expect(rest.records).toEqual(whole.records.slice(records));
  }
});

test.runIf(ready)("finds what comes later, wherever its key lies, and what was written anew, once each", async () => {
  const bucket = await bucketWith({ m: "m\n", x: "x\n" });
  const ctx = new FakeSourceContext();
  const running = bucket.source().run(ctx);
  const expectTexts = (texts: string[]) => vi.waitFor(() => expect(ctx.texts).toEqual(texts), { timeout: 30_000 });
  await expectTexts(["m", "x"]);
  await bucket.put("a", "a\n");
  await expectTexts(["m", "x", "a"]);
  await bucket.put("m", "m again\n");
  await expectTexts(["m", "x", "a", "m again"]);
  await bucket.put("z", "z\n");
  await bucket.remove("a");
  await expectTexts(["m", "x", "a", "m again", "z"]);
  ctx.end();
  await running;
  expect(new Set(ctx.records.map(({ eventId }) => eventId)).size).toBe(5);
  const later = await readOnce(bucket, {}, { state: ctx.state.all() });
  expect(later.texts).toEqual([]);
});

test.runIf(ready)("at the end: what exists at the very first start is left alone", async () => {
  const bucket = await bucketWith({ old: "old\n" });
  const first = await readOnce(bucket, { start_at: "end" });
  expect(first.texts).toEqual([]);
  await bucket.put("a-new", "new\n");
  expect((await readOnce(bucket, { start_at: "end" }, { state: first.state.all() })).texts).toEqual(["new"]);
});

test.runIf(ready)("a damaged object gives its lines up to there, is named, and harms no other", async () => {
  const packed = gzipSync(ended(many("torn")));
  const bucket = await bucketWith({
    a: packed.subarray(0, packed.length / 2),
    b: "whole\n",
    c: Buffer.from("BZh91AY&SY"),
  });
  const log = rememberingLogger();
  const ctx = await readOnce(bucket, {}, { log });
  expect(ctx.texts.at(-1)).toBe("whole");
  expect(ctx.texts.length).toBeGreaterThan(1000);
  expect(ctx.texts.slice(0, -1)).toEqual(many("torn").slice(0, ctx.texts.length - 1));
  expect(log.messages.join("\n")).toMatch(/s3:\/\/source-\d+\/a: its end is missing; read up to byte \d+/);
  expect(log.messages.join("\n")).toContain("bzip2");
  expect((await readOnce(bucket, {}, { state: ctx.state.all() })).texts).toEqual([]);
});

test.runIf(ready)("long lines are cut", async () => {
  const bucket = await bucketWith({ a: `${"x".repeat(100)}\nshort\n` });
  const { records } = await readOnce(bucket, { max_line_bytes: "10B" });
  expect(records.map(({ text, tags }) => [text, tags])).toEqual([
    ["x".repeat(10), ["_line_cut"]],
    ["short", []],
  ]);
});

test.runIf(ready)("waits for a store that slows down or dies, and goes on in the middle of an object", async () => {
  const lines = many("big", 100_000);
  const bucket = await bucketWith({ big: ended(lines), small: "small\n" });
  const log = rememberingLogger();
  let hold: Promise<void> = Promise.resolve();
  const ctx = new FakeSourceContext({ log, gate: () => hold });
  const running = bucket.source().run(ctx);
  await vi.waitFor(() => expect(ctx.batches.length).toBeGreaterThan(2), { timeout: 30_000 });
  const gate = Promise.withResolvers<void>();
  hold = gate.promise;
  await store.kill();
  gate.resolve();
  await vi.waitFor(() => expect(log.messages.join("\n")).toMatch(/nothing listens there|connection broke/), {
    timeout: 30_000,
  });
  await store.restart();
  await vi.waitFor(() => expect(ctx.texts).toHaveLength(lines.length + 1), { timeout: 60_000 });
  await store.slowDown();
  await vi.waitFor(() => expect(log.messages.join("\n")).toContain("slow down"), { timeout: 30_000 });
  await store.speedUp();
  await bucket.put("zz", "after\n");
  await vi.waitFor(() => expect(ctx.texts.at(-1)).toBe("after"), { timeout: 60_000 });
  ctx.end();
  await running;
  expect(ctx.texts).toEqual([...lines, "small", "after"]);
});

test.runIf(ready)("gives up a body that stands still, and asks again", async () => {
  const lines = many("big", 200_000);
  const bucket = await bucketWith({ big: ended(lines) });
  const log = rememberingLogger();
  const ctx = new FakeSourceContext({ log });
  const running = bucket.source({ request_timeout: "1s" }).run(ctx);
  await vi.waitFor(() => expect(ctx.batches.length).toBeGreaterThan(0), { timeout: 30_000, interval: 1 });
  await store.hang();
  await vi.waitFor(() => expect(log.messages.join("\n")).toContain("does not answer"), { timeout: 30_000 });
  store.resume();
  await vi.waitFor(() => expect(ctx.texts).toHaveLength(lines.length), { timeout: 60_000 });
  ctx.end();
  await running;
  expect(ctx.texts).toEqual(lines);
});

test.runIf(ready)("stopped in the middle of objects, it leaves no socket open", async () => {
  const bucket = await bucketWith({ big: ended(many("big", 100_000)) });
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name.includes("TCPSocketWrap")).length;
  const before = sockets();
  for (let i = 0; i < 5; i++) {
    const ctx = new FakeSourceContext({ gate: () => new Promise(() => {}) });
    const running = bucket.source().run(ctx);
    await vi.waitFor(() => expect(ctx.pendingEmits).toBe(1), { timeout: 30_000 });
    ctx.end();
    await running;
  }
  await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before), { timeout: 10_000 });
});

test.runIf(ready)("an object that the store refuses holds up no other, and is read once it is allowed", async () => {
  const bucket = await bucketWith({ a: "a\n", b: "b\n", c: "c\n" });
  await bucket.refuse("b");
  const log = rememberingLogger();
  const first = new FakeSourceContext({ finite: true, log });
  await expect(bucket.source().run(first)).rejects.toThrow("1 objects could not be read");
  expect(first.texts).toEqual(["a", "c"]);
  expect(log.messages.join("\n")).toMatch(/cannot read s3:\/\/source-\d+\/b: the store refuses access/);
  await bucket.allow();
  expect((await readOnce(bucket, {}, { state: first.state.all() })).texts).toEqual(["b"]);
});

test.runIf(ready)("says in a sentence what is wrong, and a finite run fails", async () => {
  const bucket = await bucketWith({ a: "a\n" });
  const run = (options: object) => bucket.source(options).check?.(AbortSignal.timeout(10_000));
  await expect(run({ secret_access_key: "wrong" })).rejects.toThrow(/the secret key is wrong/);
  await expect(run({ access_key_id: "NOBODY" })).rejects.toThrow(/does not know this access key/);
  await expect(run({ bucket: "no-such-bucket" })).rejects.toThrow(/there is no such bucket/);
  await expect(run({ endpoint: "http://127.0.0.1:1" })).rejects.toThrow(/nothing listens there/);
  await expect(run({})).resolves.toBeUndefined();
  await expect(readOnce(bucket, { bucket: "no-such-bucket" })).rejects.toThrow(/there is no such bucket/);
});
