import { execFile } from "node:child_process";
import { appendFile, mkdtemp, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ByteWriter, type CreateContext, type EncodedBatch, type Event, newTally, type Sink } from "@sluice/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileSink } from "../src/index.ts";

let dir: string;
let sink: Sink | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-file-"));
});
afterEach(async () => {
  await sink?.close?.();
  await rm(dir, { recursive: true });
});

const context = (): CreateContext => ({ name: "f", pipeline: "p", baseDir: dir, hostname: "box", warn() {} });
const never = (): AbortSignal => new AbortController().signal;

function batch(options: object, ...events: Event[]): EncodedBatch {
  const encoder = fileSink.encoder(fileSink.options.parse(options), context());
  const out = new ByteWriter();
  const ends = events.map((event) => {
    encoder.encode(event, out, newTally());
    return out.length;
  });
  return { bytes: out.take(), ends: Uint32Array.from(ends) };
}

/** Opens the sink and returns a function that writes events. */
function open(options: { path: string; format?: string; mode?: string }): (...events: Event[]) => Promise<unknown> {
  sink = fileSink.create(fileSink.options.parse(options), context());
  return async (...events) => sink?.write(batch(options, ...events), never());
}

const text = (path: string): Promise<string> => readFile(join(dir, path), "utf8");

test("appends NDJSON below the pipeline's directory, with the promised permissions", async () => {
  const write = open({ path: "logs/deep/out.ndjson" });
  await write({ "@timestamp": "t", message: 'a "b"\n' }, { n: 1, tags: ["x"] });
  await write({ message: "c" });
  expect(await text("logs/deep/out.ndjson")).toBe(
    '{"@timestamp":"t","message":"a \\"b\\"\\n","agent.name":"box"}\n{"n":1,"tags":["x"],"agent.name":"box"}\n' +
      '{"message":"c","agent.name":"box"}\n',
  );
  expect((await stat(join(dir, "logs/deep/out.ndjson"))).mode & 0o777).toBe(0o640);
  expect((await stat(join(dir, "logs/deep"))).mode & 0o777).toBe(0o750);
});

test("an event that says where it is from is written as it is: it may come out of another archive", async () => {
  const write = open({ path: "out" });
  await write({ message: "a", "host.name": "web" }, { message: "b", "agent.name": "edge" });
  expect(await text("out")).toBe('{"message":"a","host.name":"web"}\n{"message":"b","agent.name":"edge"}\n');
});

test("writes raw messages with the permissions asked for", async () => {
  const write = open({ path: "out.log", format: "raw", mode: "0600" });
  await write({ message: "a" }, { message: 5 }, { other: true });
  expect(await text("out.log")).toBe('a\n5\n""\n');
  expect((await stat(join(dir, "out.log"))).mode & 0o777).toBe(0o600);
});

test("goes on in a new file when logrotate moved or removed the old one", async () => {
  const write = open({ path: "out.log", format: "raw" });
  await write({ message: "1" });
  await rename(join(dir, "out.log"), join(dir, "out.log.1"));
  await write({ message: "2" });
  await rm(join(dir, "out.log"));
  await write({ message: "3" });
  await truncate(join(dir, "out.log"));
  await write({ message: "4" });
  expect([await text("out.log.1"), await text("out.log")]).toEqual(["1\n", "4\n"]);
});

test.each([
  ["ndjson", '{"a":1}\n{"a', '{"a":1}\n{"message":"x","agent.name":"box"}\n'],
  ["ndjson", '{"a', '{"message":"x","agent.name":"box"}\n'],
  ["ndjson", "not ours", 'not ours\n{"message":"x","agent.name":"box"}\n'],
  ["ndjson", '{"a":1}', '{"a":1}\n{"message":"x","agent.name":"box"}\n'],
  ["raw", "one\ntw", "one\ntw\nx\n"],
])("mends the end of a %s file that was left as %j", async (format, before, after) => {
  await appendFile(join(dir, "out"), before);
  await open({ path: "out", format })({ message: "x" });
  expect(await text("out")).toBe(after);
});

test("leaves no half batch behind when the disk is full", async () => {
  const script = fileURLToPath(new URL("./fill.ts", import.meta.url));
  const path = join(dir, "out.ndjson");
  const command = `ulimit -f 64; exec "${process.execPath}" "${script}" "${path}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", command]);
  const report = JSON.parse(stdout) as { written: number; failures: string[] };
  expect(report.failures).toEqual([expect.stringContaining(path), expect.stringContaining(path)]);
  expect(report.written).toBeGreaterThan(1);
  const lines = (await readFile(path, "utf8")).split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(
    Array.from({ length: report.written * 100 }, (_, i) => i),
  );
});

test("check tells of a path that cannot be written", async () => {
  open({ path: "new/file.log" });
  await expect(sink?.check?.(never())).resolves.toBeUndefined();
  open({ path: "." });
  await expect(sink?.check?.(never())).rejects.toThrow("it is a directory");
  open({ path: "/etc/passwd/x" });
  await expect(sink?.check?.(never())).rejects.toThrow("/etc/passwd is no directory");
  const write = open({ path: "." });
  await expect(write({ message: "x" })).rejects.toMatchObject({ code: "SLUICE_UNREACHABLE", hint: expect.any(String) });
});
