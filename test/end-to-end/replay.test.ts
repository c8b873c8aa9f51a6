import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rename, rm, symlink, truncate, utimes } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { openTraffic } from "@sluice/generate";
import { describe, expect, test } from "vitest";
import { eventsIn, eventsOf, ledgerIn, linesOf, pipelineToFile } from "../support/archives.ts";
import { runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const nginx = (seed: number, count: number) => openTraffic("nginx", { seed }).block(count).toString();

async function replay(work: Workspace, ...args: string[]) {
  return runSluice(["replay", ...args, "--pipeline", work.path("p.yaml"), "--state-dir", work.path("state")], {
    cwd: work.dir,
  });
}

test("archives of a directory arrive once, the oldest first, whatever they are packed with", async () => {
  await using work = await Workspace.create();
  const parts = [1, 2, 3, 4, 5].map((seed) => nginx(seed, 2000));
  const [a, b, c, d, e] = parts as [string, string, string, string, string];
  await mkdir(work.path("logs", "old"), { recursive: true });
  await work.write("logs/access.log.10.gz", Buffer.concat([gzipSync(a.slice(0, 5000)), gzipSync(a.slice(5000))]));
  await work.write("logs/access.log.2.zst", Buffer.concat([zstdCompressSync(b), zstdCompressSync("")]));
  await work.write("logs/access.log.1", c);
  await work.write("logs/access.log", d.trimEnd());
  await work.write("logs/old/access.log", e);
  await work.write("logs/.hidden", "not a log\n");
  await work.write("logs/wtmp", Buffer.from([1, 0, 0, 0, 10, 0]));
  await symlink(work.path("logs", "access.log"), work.path("logs", "today"));
  await pipelineToFile(work);
  const { code, stderr } = await replay(work, "logs");
  expect(code).toBe(0);
  const events = await eventsIn(work.path("out.ndjson"));
  expect(events.map((event) => event["message"])).toEqual(parts.flatMap(linesOf));
  expect(new Set(events.map((event) => event["event.id"])).size).toBe(10_000);
  expect(ledgerIn(stderr)).toBe("in 10000 = delivered 10000 + dropped 0 + buffered 0");
  expect(stderr).toContain("it is no text");
});

test("globs and paths name archives, each once, in the order of the arguments", async () => {
  await using work = await Workspace.create();
  await work.write("b.log.2", "b2\n");
  await work.write("b.log.1", "b1\n");
  await work.write("a.log", "a\n");
  await pipelineToFile(work, "[]");
  expect((await replay(work, "b.log*", "a.log", "*.log*")).code).toBe(0);
  expect((await eventsIn(work.path("out.ndjson"))).map(({ message }) => message)).toEqual(["b2", "b1", "a"]);
});

describe("multilog", () => {
  const stamp = (n: number) => `@400000005877b7f8${(n * 16).toString(16).padStart(8, "0")}`;

  async function archive(work: Workspace, steps: string) {
    await mkdir(work.path("main"));
    await work.write(`main/${stamp(2)}.u`, `${stamp(2)} three\n${stamp(2)} \n`);
    await work.write(`main/${stamp(1)}.s`, `${stamp(0)} one\n${stamp(1)} two\n`);
    await work.write("main/current", `unstamped\n${stamp(3)} four\n`);
    await work.write("main/lock", "");
    await work.write("main/state", "not a log\n");
    await pipelineToFile(work, steps);
    expect((await replay(work, "main")).code).toBe(0);
    return eventsIn(work.path("out.ndjson"));
  }

  test("its files come in the order of their stamps, current last; a line's stamp is its time", async () => {
    await using work = await Workspace.create();
    const events = await archive(work, "[]");
    expect(events.map(({ message }) => message)).toEqual(["one", "two", "three", "", "unstamped", "four"]);
    expect(events[1]).toMatchObject({ "@timestamp": "2017-01-12T17:07:58.000000016Z", "log.offset": 30 });
  });

  test("a pipeline that parses the stamps itself gets the lines with them", async () => {
    await using work = await Workspace.create();
    const events = await archive(work, "[{parse: multilog}]");
    expect(events.map(({ message }) => message)).toEqual(["one", "two", "three", "", "unstamped", "four"]);
    expect(events[1]).toMatchObject({ "@timestamp": "2017-01-12T17:07:58.000000016Z" });
    expect(events.map(({ tags }) => tags)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      ["_parse_failure"],
      undefined,
    ]);
  });
});

test("only events of the time asked for are sent, by the time that the steps read", async () => {
  await using work = await Workspace.create();
  const line = (day: string) => `1.2.3.4 - - [${day}/Jan/2017:13:06:27 +0000] "GET /${day} HTTP/1.1" 200 0 "-" "-"\n`;
  await work.write("a.log", ["09", "10", "11", "12"].map(line).join(""));
  await pipelineToFile(work);
  const args = ["a.log", "--since", "2017-01-10T13:06:27Z", "--until", "2017-01-12T14:06:27+01:00"];
  const { code, stderr } = await replay(work, ...args);
  expect(code).toBe(0);
  expect((await eventsIn(work.path("out.ndjson"))).map((event) => event["url.path"])).toEqual(["/10", "/11"]);
  expect(ledgerIn(stderr)).toBe("in 4 = delivered 2 + dropped 2 (outside_time 2) + buffered 0");
  expect((await replay(work, "a.log", "--since", "1h")).stderr).toContain("outside_time 4");
});

test("a line without a time of its own was written by the time its archive was", async () => {
  await using work = await Workspace.create();
  const file = await work.write("a.log", "Dec 31 23:59:59 web sshd[1]: x\nno time\n");
  await utimes(file, new Date("2020-01-01T12:00:00Z"), new Date("2020-01-01T12:00:00Z"));
  await pipelineToFile(work, "[{parse: {parser: syslog, timezone: UTC}}]");
  expect((await replay(work, "a.log")).code).toBe(0);
  const times = (await eventsIn(work.path("out.ndjson"))).map((event) => event["@timestamp"]);
  expect(times).toEqual(["2019-12-31T23:59:59.000Z", "2020-01-01T12:00:00.000Z"]);
});

test("a dry run prints what any sink would take, sends nothing and leaves no state", async () => {
  await using work = await Workspace.create();
  await work.write("a.log", nginx(1, 500));
  await pipelineToFile(work, "[{parse: nginx}]", ", when: 'http.response.status_code >= 400'");
  const { code, stdout, stderr } = await replay(work, "a.log", "--dry-run");
  expect(code).toBe(0);
  const events = eventsOf(stdout);
  expect(events.length).toBeGreaterThan(5);
  expect(events.every((event) => (event["http.response.status_code"] as number) >= 400)).toBe(true);
  expect(ledgerIn(stderr)).toContain(`delivered ${events.length} `);
  await expect(readFile(work.path("out.ndjson"))).rejects.toThrow("ENOENT");
  await expect(readFile(work.path("state"))).rejects.toThrow("ENOENT");
});

test("a rate is held", async () => {
  await using work = await Workspace.create();
  await work.write("a.log", "x\n".repeat(150));
  await pipelineToFile(work, "[]");
  const started = performance.now();
  expect((await replay(work, "a.log", "--rate", "100/s")).code).toBe(0);
  // The last of 15 batches leaves 1.4 s after the first; a busy machine only takes longer.
  expect(performance.now() - started).toBeGreaterThan(1350);
  expect(await eventsIn(work.path("out.ndjson"))).toHaveLength(150);
});

describe("damaged archives", () => {
  test("of a torn one the lines before are sent; it is named and counted, and the others are replayed", async () => {
    await using work = await Workspace.create();
    const text = nginx(1, 3000);
    await mkdir(work.path("logs"));
    const torn = await work.write("logs/a.log.2.gz", gzipSync(text));
    const size = (await readFile(torn)).length;
    await truncate(torn, Math.floor(size / 2));
    await work.write("logs/a.log.1", "whole\n");
    await work.write("logs/b.log.bz2", "BZh91AY&SY");
    await pipelineToFile(work, "[]");
    const { code, stderr } = await replay(work, "logs");
    expect(code).toBe(1);
    expect(stderr).toMatch(/a\.log\.2\.gz: its end is missing; replayed up to byte \d+ of its content/);
    expect(stderr).toContain("bzip2, which sluice cannot unpack");
    expect(stderr).toContain("2 of the archives could not be read to the end");
    const messages = (await eventsIn(work.path("out.ndjson"))).map(({ message }) => message);
    expect(messages.at(-1)).toBe("whole");
    expect(messages.length).toBeGreaterThan(1000);
    expect(messages.slice(0, -1)).toEqual(linesOf(text).slice(0, messages.length - 1));

    // Mended, it goes on from there.
    await work.write("logs/a.log.2.gz", gzipSync(text));
    await rename(work.path("logs", "b.log.bz2"), work.path("b"));
    expect((await replay(work, "logs", "--resume")).code).toBe(0);
    const all = (await eventsIn(work.path("out.ndjson"))).map(({ message }) => message);
    expect(all.filter((message) => message !== "whole")).toEqual(linesOf(text));
  });

  test("one that cannot be read is named", async () => {
    await using work = await Workspace.create();
    await pipelineToFile(work, "[]");
    // A file that even root can open and not read.
    const { code, stderr } = await replay(work, "/proc/self/mem");
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("/proc/self/mem: EIO") });
  });
});

describe("wrong usage", () => {
  test.each([
    [["nothing-here"], "nothing-here: there is no such file"],
    [["*.none"], "*.none: there is no such file"],
    [["s3://"], "s3:// names no bucket"],
    [["a.log", "--since", "yesterday"], "write 2026-01-31T12:00:00Z"],
    [["a.log", "--rate", "fast"], "write it like 5000/s"],
    [["a.log", "--rate", "0/s"], "write it like 5000/s"],
    [["a.log", "--dry-run", "--resume"], "exclude each other"],
    [[], "missing required argument"],
  ])("%j", async (args, message) => {
    await using work = await Workspace.create();
    await work.write("a.log", "x\n");
    await pipelineToFile(work, "[]");
    expect(await replay(work, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  test("no pipeline, or one without sinks", async () => {
    await using work = await Workspace.create();
    await work.write("a.log", "x\n");
    expect(await runSluice(["replay", "a.log"], { cwd: work.dir })).toMatchObject({ code: 2 });
    await work.write("p.yaml", "steps: []\n");
    expect(await replay(work, "a.log")).toMatchObject({ code: 2, stderr: expect.stringContaining("has no sink") });
    expect(await replay(work, "a.log", "--dry-run")).toMatchObject({ code: 0, stdout: expect.stringContaining('"x"') });
  });
});

test("an interrupted replay delivers what is in flight, says how to go on, and goes on there", async () => {
  await using work = await Workspace.create();
  const text = nginx(1, 2000);
  await work.write("a.log.gz", gzipSync(text));
  await pipelineToFile(work, "[]");
  const args = ["replay", "a.log*", "--pipeline", "p.yaml", "--state-dir", work.path("state")];
  const first = startSluice([...args, "--rate", "1000/s"], { cwd: work.dir });
  await until(async () => (await eventsIn(work.path("out.ndjson"))).length > 100, "the first events");
  expect(await first.kill("SIGINT")).toBe(1);
  expect(first.stderr()).toContain("--resume goes on from here");
  const begun = (await eventsIn(work.path("out.ndjson"))).length;
  expect(begun).toBeLessThan(2000);
  // Rotation goes on meanwhile: an archive is known by its content.
  await rm(work.path("a.log.gz"));
  await work.write("a.log.1", text);
  await work.write("a.log", "newer\n");
  expect((await runSluice([...args, "--resume"], { cwd: work.dir })).code).toBe(0);
  const messages = (await eventsIn(work.path("out.ndjson"))).map(({ message }) => message);
  expect(messages).toEqual([...linesOf(text), "newer"]);
});

test("on a terminal it shows how far it is, and the bar is gone at the end", async () => {
  await using work = await Workspace.create();
  await work.write("a.log", nginx(1, 1500));
  await pipelineToFile(work, "[]");
  const command = `packages/cli/bin/sluice replay ${work.path("a.log")} --pipeline ${work.path("p.yaml")} --state-dir ${work.path("state")} --rate 1000/s`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["ignore", "pipe", "inherit"] });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  expect(shown).toMatch(/\[=* *\] +\d+% {2}[\d,]+ events {2}[\d,]+\/s {2}ETA \d\d:\d\d/);
  expect(shown).toMatch(/\r\u001b\[2K[^=]*ledger of web: in 1500 = delivered 1500/);
});
