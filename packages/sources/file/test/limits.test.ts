import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { create, readAll, scratch, start } from "./harness.ts";

let space: ReturnType<typeof scratch>;
beforeEach(() => {
  space = scratch();
});
afterEach(() => space.remove());

const tailer = fileURLToPath(new URL("tailer.ts", import.meta.url));

interface Report {
  readonly records: number;
  readonly lengths: readonly number[];
  readonly tags: readonly string[];
  readonly last: string;
  readonly maxRssMiB: number;
  readonly mostOpen: number;
  readonly warnings: readonly string[];
}

/** Reads `include` in a process of its own, started with `before` in the same shell. */
async function readApart(include: string, expected: number, before = "true", mode = "follow"): Promise<Report> {
  const command = `${before} && exec "${process.execPath}" "${tailer}" "${space.dir}" '${include}' ${expected} ${mode}`;
  const child = spawn("bash", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`the reading process ended with ${code}`);
  return JSON.parse(out) as Report;
}

test("a line of 100 MB is cut in bounded memory, and what follows it is read", async () => {
  const fd = openSync(space.path("a.log"), "w");
  writeSync(fd, "first\n");
  const block = Buffer.alloc(1 << 20, "x");
  for (let i = 0; i < 100; i++) writeSync(fd, block);
  writeSync(fd, "\nlast\n");
  closeSync(fd);
  const report = await readApart("a.log", 3);
  expect(report.lengths).toEqual([5, 1 << 20, 4]);
  expect(report.tags).toEqual(["_line_cut"]);
  expect(report.warnings).toEqual(["left out what was longer than max_line_bytes"]);
  expect(report.maxRssMiB).toBeLessThan(200);
});

test("5,000 files, each read once, few open at a time", async () => {
  for (let i = 0; i < 5000; i++) writeFileSync(space.path(`f${i}.log`), `line of ${i}\n`);
  const report = await readApart("*.log", 5000);
  expect(report.records).toBe(5000);
  expect(report.mostOpen).toBeLessThan(300);
});

// With as few as this, directories cannot be listed either, now and then.
test.each([
  ["follow", 60],
  ["follow", 50],
  ["follow", 40],
  ["finite", 60],
  ["finite", 50],
  ["finite", 40],
])("too few file descriptors: everything is read all the same (%s, %i)", { timeout: 120_000 }, async (mode, limit) => {
  for (let i = 0; i < 300; i++) writeFileSync(space.path(`f${i}.log`), `line of ${i}\n`);
  const report = await readApart("*.log", 300, `ulimit -n ${limit}`, mode);
  expect(report.records).toBe(300);
  expect(report.warnings.length).toBeLessThanOrEqual(1);
});

test("an unreadable file is complained about once, and read as soon as that is possible", async () => {
  const warnings: object[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warnings.push(fields) };
  writeFileSync(space.path("a.log"), "secret\n");
  writeFileSync(space.path("b.log"), "open\n");
  chmodSync(space.path("a.log"), 0);
  const root = process.getuid?.() === 0;
  chmodSync(space.dir, 0o755);
  // Nothing is unreadable for root.
  if (root) process.seteuid?.(65_534);
  const run = start(space.dir, { include: "*.log" }, { log });
  try {
    await run.until(() => run.ctx.texts.includes("open") && warnings.length > 0);
    await expect(create(space.dir, { include: "*.log" }).check?.(run.ctx.stop)).rejects.toThrow("EACCES");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(warnings).toHaveLength(1);
    if (root) process.seteuid?.(0);
    chmodSync(space.path("a.log"), 0o644);
    await run.until(() => run.ctx.texts.includes("secret"));
  } finally {
    if (root) process.seteuid?.(0);
    await run.stop();
  }
});

test("check names what does not match anything", async () => {
  const check = async (include: string) => await create(space.dir, { include }).check?.(new AbortController().signal);
  await expect(check("nowhere/*.log")).rejects.toThrow("no file matches");
  writeFileSync(space.path("a.log"), "");
  await expect(check("*.log")).resolves.toBeUndefined();
});

test("a directory with the name of a log is no file", async () => {
  mkdirSync(space.path("a.log"));
  expect((await readAll(space.dir, { include: "*.log" })).texts).toEqual([]);
});
