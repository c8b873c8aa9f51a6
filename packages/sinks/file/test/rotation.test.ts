import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  ByteWriter,
  type CreateContext,
  type EncodedBatch,
  type Event,
  newTally,
  type Sink,
  silentLogger,
} from "@sluice/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSink } from "../src/index.ts";
import { pathTemplate } from "../src/path-template.ts";

const DAY = 86_400_000;
let dir: string;
const open = new Set<Sink>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-rotate-"));
});
afterEach(async () => {
  for (const sink of open) await sink.close?.();
  open.clear();
  await rm(dir, { recursive: true });
});

const context = (): CreateContext => ({ name: "f", pipeline: "p", baseDir: dir, hostname: "box", warn() {} });
const never = new AbortController().signal;

async function start(written: object) {
  const options = fileSink.options.parse({ format: "raw", ...written });
  const sink = fileSink.create(options, context());
  open.add(sink);
  await sink.start?.({ log: silentLogger, deadline: never });
  const encoder = fileSink.encoder(options, context());
  const batch = (...events: Event[]): EncodedBatch => {
    const out = new ByteWriter();
    const ends = events.map((event) => {
      encoder.encode(event, out, newTally());
      return out.length;
    });
    return { bytes: out.take(), ends: Uint32Array.from(ends) };
  };
  return { sink, batch, write: (...events: Event[]) => sink.write(batch(...events), never) };
}

async function stop(sink: Sink): Promise<void> {
  open.delete(sink);
  await sink.close?.();
}

const text = (path: string) => readFile(join(dir, path), "utf8");
const modeOf = async (path: string) => (await stat(join(dir, path))).mode & 0o777;
const names = async (path = ".") => (await readdir(join(dir, path))).sort();
const age = (path: string, days: number) =>
  utimes(join(dir, path), new Date(Date.now() - days * DAY), new Date(Date.now() - days * DAY));
const chattr = (flag: string, path: string) => execFileSync("chattr", [flag, join(dir, path)]);
const ROTATED = /^out\.log\.\d{4}-\d\d-\d\dT\d{6}Z(-\d+)?(\.gz|\.zst)?$/;

test.each([
  ["none", (b: Buffer) => b],
  ["gzip", gunzipSync],
  ["zstd", zstdDecompressSync],
] as const)("rotates by size, and nothing is lost: compression %s", async (compress, unpack) => {
  const { sink, write } = await start({ path: "out.log", rotate: { size: "50B" }, compress });
  for (let i = 0; i < 20; i++) await write({ message: `line ${i} 1234567890` });
  await stop(sink);
  const files = await names();
  const rotated = files.filter((name) => ROTATED.test(name));
  expect(rotated).toHaveLength(files.length - 1);
  expect(rotated.length).toBeGreaterThan(5);
  expect(
    rotated.every((name) => name.endsWith({ none: "Z", gzip: ".gz", zstd: ".zst" }[compress]) || /Z-\d+$/.test(name)),
  ).toBe(true);
  const contents: string[] = [];
  for (const name of rotated) {
    contents.push(unpack(await readFile(join(dir, name))).toString());
    expect(await modeOf(name)).toBe(0o640);
  }
  contents.push(await text("out.log"));
  const lines = contents.flatMap((content) => content.trim().split("\n"));
  expect(lines.sort()).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i} 1234567890`).sort());
  expect(contents.every((content) => content.length <= 50)).toBe(true);
});

test("a batch larger than the size goes into several files, each within it, but for a line that is longer", async () => {
  const { sink, batch } = await start({ path: "out.log", rotate: { size: "50B" } });
  const lines = Array.from({ length: 20 }, (_, i) => (i === 7 ? "x".repeat(80) : `line ${i} 1234567890`));
  const whole = batch(...lines.map((message) => ({ message })));
  await sink.write(whole, never);
  // Offered again, as after a failure of another part: nothing comes twice.
  await sink.write(whole, never);
  await stop(sink);
  const rotated = (await names()).filter((name) => ROTATED.test(name));
  const files = rotated.toSorted((a, b) => Number(/Z-(\d+)$/.exec(a)?.[1] ?? 1) - Number(/Z-(\d+)$/.exec(b)?.[1] ?? 1));
  const contents = await Promise.all([...files, "out.log"].map(text));
  expect(contents.join("").trim().split("\n").toSorted()).toEqual(lines.toSorted());
  for (const content of contents) {
    expect(content.length <= 50 || content === `${"x".repeat(80)}\n`, content).toBe(true);
    expect(content.endsWith("\n")).toBe(true);
  }
});

test("a batch that was written in part goes on behind it", async () => {
  const { sink, batch } = await start({ path: "d/out.log", rotate: { size: "20B" } });
  const one = batch(...Array.from({ length: 4 }, (_, i) => ({ message: `number ${i} 123456` })));
  // The first line still fits; then the file cannot be moved away, as its directory is not to be changed.
  await sink.write(batch({ message: "a" }), never);
  chattr("+i", "d");
  try {
    await expect(sink.write(one, never)).rejects.toThrow("d/out.log");
  } finally {
    chattr("-i", "d");
  }
  await sink.write(one, never);
  await stop(sink);
  const contents = (await Promise.all((await names("d")).map((name) => text(`d/${name}`)))).join("");
  expect(contents.match(/number \d/g)?.toSorted()).toEqual(["number 0", "number 1", "number 2", "number 3"]);
});

test("says that `retain` alone has nothing to do", () => {
  const warnings = (options: object): string[] => {
    const warned: string[] = [];
    fileSink.create(fileSink.options.parse(options), { ...context(), warn: (message) => warned.push(message) });
    return warned;
  };
  expect(warnings({ path: "out.log", retain: "90d" })).toEqual([expect.stringContaining("give `rotate` as well")]);
  expect(warnings({ path: "out.log", restrict_after: "30d" })).toEqual([expect.stringContaining("`restrict_after`")]);
  expect(warnings({ path: "out_{date}.log", retain: "90d" })).toEqual([]);
  expect(warnings({ path: "out.log", retain: "90d", rotate: { age: "1d" } })).toEqual([]);
});

test("rotates a file of yesterday before today's first line, also after a restart", async () => {
  await writeFile(join(dir, "out.log"), "old\n");
  await age("out.log", 1);
  const { write } = await start({ path: "out.log", rotate: { age: "1d" } });
  await write({ message: "new" });
  expect(await text("out.log")).toBe("new\n");
  const [rotated] = (await names()).filter((name) => ROTATED.test(name));
  expect(await text(rotated as string)).toBe("old\n");
});

test("deletes and restricts what was rotated long ago, and compresses what a crash has left; others' files stay", async () => {
  const file = async (name: string, days: number, content = name) => {
    await writeFile(join(dir, name), content);
    await chmod(join(dir, name), 0o640);
    await age(name, days);
  };
  await file("out.log", 100);
  await file("out.log.2025-01-01T000000Z", 2);
  await file("out.log.2025-01-02T000000Z.gz", 31);
  await file("out.log.2025-01-03T000000Z.gz", 91);
  await file("out.log.2025-01-04T000000Z.gz.part", 1);
  await file("out.log.bak", 91);
  await file("other.log.2025-01-03T000000Z.gz", 91);
  const { sink } = await start({
    path: "out.log",
    rotate: { size: "1MB" },
    compress: "gzip",
    retain: "90d",
    restrict_after: "30d",
  });
  await stop(sink);
  expect(await names()).toEqual([
    "other.log.2025-01-03T000000Z.gz",
    "out.log",
    "out.log.2025-01-01T000000Z.gz",
    "out.log.2025-01-02T000000Z.gz",
    "out.log.bak",
  ]);
  expect(gunzipSync(await readFile(join(dir, "out.log.2025-01-01T000000Z.gz"))).toString()).toBe(
    "out.log.2025-01-01T000000Z",
  );
  expect(Date.now() - (await stat(join(dir, "out.log.2025-01-01T000000Z.gz"))).mtimeMs).toBeGreaterThan(1.9 * DAY);
  expect(await modeOf("out.log.2025-01-01T000000Z.gz")).toBe(0o640);
  expect(await modeOf("out.log.2025-01-02T000000Z.gz")).toBe(0o600);
  expect(await modeOf("out.log")).toBe(0o640);
});

test("files named by fields and time, a bounded number of them open", async () => {
  const path = "{service.name}/{date}.log";
  const { write } = await start({ path, max_open: 2 });
  const line = (service: string, day: string, message: string) => ({
    message,
    "service.name": service,
    "@timestamp": `2025-04-${day}T07:15:22.000Z`,
  });
  await write(line("API", "12", "1"), line("UPLOAD", "13", "2"), line("API", "13", "3"), line("API", "12", "4"));
  await write(line("UPLOAD", "13", "5"));
  expect(await names()).toEqual(["API", "UPLOAD"]);
  expect(await text("API/2025-04-12.log")).toBe("1\n4\n");
  expect(await text("API/2025-04-13.log")).toBe("3\n");
  expect(await text("UPLOAD/2025-04-13.log")).toBe("2\n5\n");
  const descriptors = await readdir("/proc/self/fd");
  expect(descriptors.length).toBeLessThan(200);
});

test("what is named by time is deleted and restricted when it is old", async () => {
  await mkdir(join(dir, "logs"));
  for (const [name, days] of [
    ["api_2025-01-01.log", 91],
    ["api_2025-02-01.log", 31],
    ["readme.txt", 91],
  ] as const) {
    await writeFile(join(dir, "logs", name), "x");
    await age(`logs/${name}`, days);
  }
  const { write } = await start({ path: "logs/{service.name}_{date}.log", retain: "90d", restrict_after: "30d" });
  await write({ message: "m", "service.name": "api", "@timestamp": "2025-04-13T00:00:00.000Z" });
  expect(await names("logs")).toEqual(["api_2025-02-01.log", "api_2025-04-13.log", "readme.txt"]);
  expect(await modeOf("logs/api_2025-02-01.log")).toBe(0o600);
});

test("a batch of which one file cannot be written does not come twice into the others", async () => {
  await mkdir(join(dir, "b.log"));
  const { sink, batch } = await start({ path: "{f}.log" });
  const one = batch({ message: "1", f: "a" }, { message: "2", f: "b" }, { message: "3", f: "c" });
  await expect(sink.write(one, never)).rejects.toThrow("b.log");
  await rm(join(dir, "b.log"), { recursive: true });
  await sink.write(one, never);
  expect([await text("a.log"), await text("b.log"), await text("c.log")]).toEqual(["1\n", "2\n", "3\n"]);
});

test("property: no value leaves its place in the path, and different values stay different", () => {
  const template = pathTemplate("/var/log/app/{user}/{date}.log");
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("..", ".", "/", "../..", "a/../../etc", "\0", ""),
  );
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [one, two] = [a, b].map((user) =>
        template.render({ user, "@timestamp": "2025-04-13T00:00:00.000Z", message: "" }),
      );
      expect(one).toMatch(/^\/var\/log\/app\/(?!\.)[\w.-]{1,120}\/2025-04-13\.log$/);
      expect(template.pattern.test((one as string).slice(template.root.length))).toBe(true);
      // An empty value stands for none.
      if (a !== b && a !== "" && b !== "") expect(one).not.toBe(two);
    }),
  );
  expect(template.render({ message: "" })).toBe("/var/log/app/_/1970-01-01.log");
  expect(() => pathTemplate("/x/{}.log")).toThrow("without a name");
  expect(() => pathTemplate("/x/{a.log")).toThrow("without a name");
  for (const name of ["yyyy", "dd", "hh", "ss"]) expect(() => pathTemplate(`/x/{${name}}.log`)).toThrow(`{${name}}`);
});

test("writes GELF, a message a line, and mends a torn one", async () => {
  await writeFile(join(dir, "out.gelf"), '{"version":"1.1","host":"box","short_mess');
  const { write } = await start({ path: "out.gelf", format: "gelf" });
  await write({ message: "a", "@timestamp": "2025-04-13T07:15:22.000Z", "service.name": "api" });
  const lines = (await text("out.gelf")).split("\n");
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    version: "1.1",
    host: "box",
    short_message: "a",
    _service_name: "api",
  });
});

test("options that would do nothing are refused", () => {
  const complaint = (options: object) => JSON.stringify(fileSink.options.safeParse(options).error?.issues);
  expect(complaint({ path: "x", compress: "gzip" })).toContain("only what is rotated is compressed");
  expect(complaint({ path: "x", rotate: {} })).toContain("give size, age, or both");
  expect(complaint({ path: "x", rotate: { age: "1s" } })).toContain("a minute at least");
});
