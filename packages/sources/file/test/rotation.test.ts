import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RawOptions, type Running, readAll, scratch, start } from "./harness.ts";

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
  running = start(space.dir, { include: "*.log", ...options }, context);
  return running;
};
const write = (name: string, text: string) => appendFileSync(space.path(name), text);

/** Files of the scratch directory that this process has open. */
function openFiles(): string[] {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(space.dir));
}

test("a writer that goes on writing to the renamed file loses nothing", async () => {
  write("a.log", "1\n");
  const run = follow({ rotate_wait: "30s" });
  await run.expects(["1"]);
  const old = openSync(space.path("a.log"), "a");
  renameSync(space.path("a.log"), space.path("old"));
  writeSync(old, "2\n");
  await run.expects(["1", "2"]);
  write("a.log", "3\n");
  await run.expects(["1", "2", "3"]);
  writeSync(old, "4\n");
  closeSync(old);
  await run.expects(["1", "2", "3", "4"]);
});

test("several rotations while the pipeline takes nothing: the files are held open, all is read in order", async () => {
  const gate = Promise.withResolvers<void>();
  write("a.log", "0\n");
  const run = follow({ include: "a.log", rotate_wait: "30s" }, { gate: () => gate.promise });
  for (let i = 1; i <= 5; i++) {
    await run.until(() => openFiles().length === i);
    renameSync(space.path("a.log"), space.path("gone"));
    write("a.log", `${i}\n`);
  }
  await run.until(() => openFiles().length === 6);
  gate.resolve();
  await run.expects(["0", "1", "2", "3", "4", "5"]);
});

test("a renamed or deleted file is closed when it was quiet for rotate_wait", async () => {
  write("a.log", "1\n");
  write("b.log", "1\n");
  const run = follow();
  await run.until(() => run.ctx.records.length === 2);
  expect(openFiles().length).toBe(2);
  rmSync(space.path("a.log"));
  renameSync(space.path("b.log"), space.path("b.old"));
  write("b.log", "2\n");
  await run.until(() => openFiles().join() === space.path("b.log"));
  await run.stop();
  expect(openFiles()).toEqual([]);
});

test("the last line of a rotated file is passed on without its end once the file is quiet", async () => {
  write("a.log", "1\nrest");
  const run = follow({ include: "a.log*" });
  await run.expects(["1"]);
  renameSync(space.path("a.log"), space.path("a.log.1"));
  write("a.log", "2\n");
  await run.until(() => run.ctx.texts.includes("rest"));
  expect(run.ctx.texts.sort()).toEqual(["1", "2", "rest"]);
});

test("a new file that gets the inode of a deleted one is another stream", async () => {
  write("a.log", "first\n");
  const first = await readAll(space.dir, { include: "*.log" });
  rmSync(space.path("a.log"));
  write("a.log", "other, longer than the first\n");
  const second = await readAll(space.dir, { include: "*.log" }, { state: first.state.all() });
  expect(second.texts).toEqual(["other, longer than the first"]);
  expect(second.records[0]?.streamKey).not.toBe(first.records[0]?.streamKey);
});

test("hard links, symbolic links and two globs for one file: read once", async () => {
  write("a.log", "1\n");
  linkSync(space.path("a.log"), space.path("b.log"));
  symlinkSync(space.path("a.log"), space.path("c.log"));
  expect((await readAll(space.dir, { include: ["*.log", "a*", "**/*.log"] })).texts).toEqual(["1"]);
});

test("files and directories that appear later; excluded ones never", async () => {
  const run = follow({ include: "logs/**/*.log", exclude: "**/debug.log" });
  await run.expects([]);
  mkdirSync(space.path("logs/x/y"), { recursive: true });
  write("logs/x/y/debug.log", "no\n");
  write("logs/x/y/a.log", "1\n");
  await run.expects(["1"]);
});

test("a file name that looks like a glob is found by its name", async () => {
  write("a[1].log", "1\n");
  expect((await readAll(space.dir, { include: "a[1].log" })).texts).toEqual(["1"]);
});

test("start_at end: what exists at the very first start is skipped, whatever comes later is not", async () => {
  write("a.log", "old\nhalf a li");
  const run = follow({ start_at: "end" });
  await sleep(100);
  write("a.log", "ne\nnew\n");
  write("b.log", "later\n");
  await run.until(() => run.ctx.records.length === 3);
  expect(run.ctx.texts.sort()).toEqual(["half a line", "later", "new"]);
  await run.stop();
  write("c.log", "while it was down\n");
  const again = follow({ start_at: "end" }, { state: run.ctx.state.all() });
  await again.expects(["while it was down"]);
});

test("start_at end remembers the first start when there was no file yet", async () => {
  const first = await readAll(space.dir, { include: "*.log", start_at: "end" });
  write("a.log", "1\n");
  const second = await readAll(space.dir, { include: "*.log", start_at: "end" }, { state: first.state.all() });
  expect(second.texts).toEqual(["1"]);
});

const whileDown: [string, () => void, string[]][] = [
  ["appended", () => write("a.log", "3\n"), ["3"]],
  [
    "renamed out of the globs and created",
    () => {
      write("a.log", "3\n");
      renameSync(space.path("a.log"), space.path("a.log.1"));
      write("a.log", "4\n");
    },
    ["3", "4"],
  ],
  [
    "copied and truncated",
    () => {
      write("a.log", "3\n");
      copyFileSync(space.path("a.log"), space.path("a.log.1"));
      truncateSync(space.path("a.log"));
      write("a.log", "4\n");
    },
    ["3", "4"],
  ],
  ["truncated and grown past the old size", () => writeFileSync(space.path("a.log"), "a\nb\nc\n"), ["a", "b", "c"]],
  [
    "rotated twice",
    () => {
      write("a.log", "3\n");
      renameSync(space.path("a.log"), space.path("a.log.2"));
      write("a.log.1", "4\n");
      write("a.log", "5\n");
    },
    ["3", "4", "5"],
  ],
];

test.each(whileDown)("while sluice was down: %s", async (_, change, expected) => {
  write("a.log", "1\n2\n");
  const first = await readAll(space.dir, { include: "a.log" });
  change();
  const second = await readAll(space.dir, { include: "a.log" }, { state: first.state.all() });
  expect(second.texts).toEqual(expected);
});

test("symbolic link switched while sluice was down: the old target is finished", async () => {
  mkdirSync(space.path("data"));
  write("data/one", "1\n");
  symlinkSync(space.path("data/one"), space.path("a.log"));
  const first = await readAll(space.dir, { include: "a.log" });
  write("data/one", "2\n");
  write("data/two", "3\n");
  unlinkSync(space.path("a.log"));
  symlinkSync(space.path("data/two"), space.path("a.log"));
  const second = await readAll(space.dir, { include: "a.log" }, { state: first.state.all() });
  expect(second.texts).toEqual(["2", "3"]);
});

test("multiline: an open event is passed on after its timeout, an unfinished line is not", async () => {
  write("a.log", "S 1\n x\nS 2\n y\n z");
  const run = follow({ multiline: { start: "^S", timeout: "100ms" } });
  await run.expects(["S 1\n x", "S 2\n y"]);
});

test("state of files that are gone is forgotten when enough others are remembered", async () => {
  write("a.log", "1\n");
  const first = await readAll(space.dir, { include: "*.log" });
  const [id, stored] = [...first.state.all()][0] as [string, object];
  const old = { ...stored, gone: Date.now() - 30 * 86_400_000 };
  rmSync(space.path("a.log"));
  const second = await readAll(space.dir, { include: "*.log" }, { state: new Map([[id, old]]) });
  expect([...second.state.all().keys()]).toEqual([]);
});
