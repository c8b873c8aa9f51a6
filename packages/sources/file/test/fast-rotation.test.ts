import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RawOptions, type Running, readAll, scratch, start } from "./harness.ts";

// Rotation that is faster than the looks at the files, out of globs that match only the log itself.

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

const follow = (options: Partial<RawOptions> = {}, context = {}) => {
  running = start(space.dir, { include: "a.log", ...options }, context);
  return running;
};
const write = (name: string, text: string) => appendFileSync(space.path(name), text);

/** Shifts `a.log.1` to `a.log.2` and so on, and `a.log` to `a.log.1`. */
function rotate(): void {
  let last = 0;
  while (existsSync(space.path(`a.log.${last + 1}`))) last++;
  for (let i = last; i >= 1; i--) renameSync(space.path(`a.log.${i}`), space.path(`a.log.${i + 1}`));
  renameSync(space.path("a.log"), space.path("a.log.1"));
}

function pack(name: string): void {
  writeFileSync(space.path(`${name}.gz`), gzipSync(readFileSync(space.path(name))));
  rmSync(space.path(name));
}

test.each([
  ["a rotation every 50 ms", "1s", 50],
  ["looks and rotations at the same pace", "50ms", 50],
  ["one rotation right after the other", "1s", 0],
])("numbered names, %s: every line once, in order", async (_, poll_interval, pause) => {
  let fd = openSync(space.path("a.log"), "a");
  writeSync(fd, "0\n");
  const run = follow({ poll_interval });
  await run.expects(["0"]);
  let written = 1;
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 10; i++) writeSync(fd, `${written++}\n`);
    rotate();
    // A program that has not been told yet goes on writing to the renamed file.
    writeSync(fd, `${written++}\n`);
    closeSync(fd);
    fd = openSync(space.path("a.log"), "a");
    if (pause > 0) await sleep(pause);
  }
  writeSync(fd, `${written++}\n`);
  closeSync(fd);
  await run.until(() => run.ctx.records.length >= written);
  await run.expects(Array.from({ length: written }, (__, i) => String(i)));
});

test("dated names, and the log is missing between two rotations", async () => {
  write("a.log", "0\n");
  const run = follow({ poll_interval: "300ms" });
  await run.expects(["0"]);
  for (let i = 1; i <= 8; i++) {
    renameSync(space.path("a.log"), space.path(`a.log-2026010${i}`));
    await sleep(i % 3 === 0 ? 400 : 20);
    write("a.log", `${i}\n`);
  }
  await run.expects(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
});

test("rotated and packed at once: read from the packed file", async () => {
  write("a.log", "0\n");
  const run = follow({ poll_interval: "500ms" });
  await run.expects(["0"]);
  rotate();
  write("a.log", "1\n");
  rotate();
  pack("a.log.1");
  write("a.log", "2\n");
  await run.until(() => run.ctx.texts.includes("2") && run.ctx.texts.includes("1"));
  expect(run.ctx.texts.sort()).toEqual(["0", "1", "2"]);
});

test("rotated more than once while sluice was down: what came in between is read, once", async () => {
  write("a.log", "0\n");
  const first = await readAll(space.dir, { include: "a.log" });
  await sleep(50);
  for (let i = 1; i <= 3; i++) {
    rotate();
    write("a.log", `${i}\n`);
  }
  const second = await readAll(space.dir, { include: "a.log" }, { state: first.state.all() });
  expect(second.texts).toEqual(["1", "2", "3"]);
  expect(second.records.map(({ path }) => path)).toEqual(Array(3).fill(space.path("a.log")));
  const third = await readAll(space.dir, { include: "a.log" }, { state: second.state.all() });
  expect(third.texts).toEqual([]);
});

test("what was rotated before sluice knew the log, is excluded, or is no rotation of it stays unread", async () => {
  write("a.log.1", "older\n");
  await sleep(50);
  write("a.log", "0\n");
  const run = follow({ exclude: "*.bak" });
  await run.expects(["0"]);
  await sleep(50);
  write("a.log.bak", "excluded\n");
  write("b.log.1", "of another log\n");
  write("a.log.old", "no rotation has happened\n");
  await sleep(1500);
  rotate();
  write("a.log", "1\n");
  await run.expects(["0", "1"]);
  await sleep(1500);
  expect(run.ctx.texts).toEqual(["0", "1"]);
});
