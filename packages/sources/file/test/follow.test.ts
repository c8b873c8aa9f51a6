import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
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

const follow = (options: Partial<Parameters<typeof start>[1]> = {}, context = {}) => {
  running = start(space.dir, { include: "*.log", ...options }, context);
  return running;
};

test("reads what is there and what is appended", async () => {
  writeFileSync(space.path("a.log"), "one\ntwo\n");
  const run = follow();
  await run.expects(["one", "two"]);
  appendFileSync(space.path("a.log"), "three\n");
  await run.expects(["one", "two", "three"]);
  expect(run.ctx.records.map(({ position }) => position)).toEqual([0, 4, 8]);
  expect(run.ctx.records[0]?.path).toBe(space.path("a.log"));
});

test("never passes on half a line or half a character", async () => {
  const euro = Buffer.from("€uro\n");
  writeFileSync(space.path("a.log"), euro.subarray(0, 2));
  const run = follow();
  await run.expects([]);
  appendFileSync(space.path("a.log"), euro.subarray(2, 5));
  await run.expects([]);
  appendFileSync(space.path("a.log"), euro.subarray(5));
  await run.expects(["€uro"]);
});

test("finite: passes on the last line without its newline", async () => {
  writeFileSync(space.path("a.log"), "one\r\ntwo");
  expect((await readAll(space.dir, { include: "*.log" })).texts).toEqual(["one", "two"]);
});

test("rename and create: the old file to its end, then the new one", async () => {
  writeFileSync(space.path("a.log"), "1\n2\n");
  const run = follow();
  await run.expects(["1", "2"]);
  appendFileSync(space.path("a.log"), "3\n");
  renameSync(space.path("a.log"), space.path("a.log.1"));
  writeFileSync(space.path("a.log"), "4\n");
  await run.expects(["1", "2", "3", "4"]);
  appendFileSync(space.path("a.log.1"), "5\n");
  await run.expects(["1", "2", "3", "4", "5"]);
  expect(new Set(run.ctx.records.map(({ path }) => path))).toEqual(new Set([space.path("a.log")]));
});

test("copytruncate", async () => {
  writeFileSync(space.path("a.log"), "1\n2\n");
  const run = follow({ include: "a.log*" });
  await run.expects(["1", "2"]);
  appendFileSync(space.path("a.log"), "3\n");
  copyFileSync(space.path("a.log"), space.path("a.log.1"));
  truncateSync(space.path("a.log"), 0);
  appendFileSync(space.path("a.log"), "4\n");
  await run.expects(["1", "2", "3", "4"]);
});

test("truncated and grown past the old offset", async () => {
  writeFileSync(space.path("a.log"), "old line\n");
  const run = follow();
  await run.expects(["old line"]);
  writeFileSync(space.path("a.log"), "new line 1\nnew line 2\n");
  await run.expects(["old line", "new line 1", "new line 2"]);
  expect(new Set(run.ctx.records.map(({ streamKey }) => streamKey)).size).toBe(2);
});

test("symlink switch", async () => {
  mkdirSync(space.path("data"));
  writeFileSync(space.path("data/one"), "1\n");
  writeFileSync(space.path("data/two"), "2\n");
  symlinkSync(space.path("data/one"), space.path("a.log"));
  const run = follow();
  await run.expects(["1"]);
  appendFileSync(space.path("data/one"), "1b\n");
  unlinkSync(space.path("a.log"));
  symlinkSync(space.path("data/two"), space.path("a.log"));
  await run.expects(["1", "1b", "2"]);
});

test("a deleted file is read to its end, its last line too", async () => {
  writeFileSync(space.path("a.log"), "1\n");
  const run = follow();
  await run.expects(["1"]);
  appendFileSync(space.path("a.log"), "2\nrest");
  rmSync(space.path("a.log"));
  await run.expects(["1", "2", "rest"]);
});

test("resumes where the commits ended", async () => {
  writeFileSync(space.path("a.log"), "1\n2\n");
  const first = follow();
  await first.expects(["1", "2"]);
  await first.stop();
  appendFileSync(space.path("a.log"), "3\n");
  const second = follow({}, { state: first.ctx.state.all() });
  await second.expects(["3"]);
  expect(second.ctx.records[0]?.streamKey).toBe(first.ctx.records[0]?.streamKey);
});
