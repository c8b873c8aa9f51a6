import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { draftText, loadPipeline, validatePipeline } from "@sluice/config";
import { describe, expect, test } from "vitest";
import { SILENCE } from "../packages/cli/src/new/answers.ts";
import { converse } from "../packages/cli/src/new/dialogue.ts";
import { SINK_STARTERS, SOURCE_STARTERS } from "../packages/cli/src/new/starters.ts";
import { readPatternFiles } from "../packages/cli/src/patterns.ts";
import { registry } from "../packages/cli/src/registry.ts";
import { ROOT, runSluice } from "./support/process.ts";
import { Workspace } from "./support/workspace.ts";

test("every source and sink can be begun", () => {
  expect(Object.keys(SOURCE_STARTERS).sort()).toEqual([...registry.sourceTypes].sort());
  expect(Object.keys(SINK_STARTERS).sort()).toEqual([...registry.sinkTypes].sort());
});

describe("what is begun validates", () => {
  const pairs = registry.sourceTypes.flatMap((source) => registry.sinkTypes.map((sink) => [source, sink] as const));

  test.each(pairs)("%s to %s", async (source, sink) => {
    const text = draftText({
      ...(await converse(SILENCE, { source, sink, set: new Map() })),
      file: "x.yaml",
      name: "x",
    });
    const loaded = await loadPipeline("/x.yaml", { registry, env: {}, readFile: async () => Buffer.from(text) });
    const patterns = await readPatternFiles();
    expect(await validatePipeline(loaded, { registry, patterns, hostname: "h", diagnose: false })).toEqual([]);
    expect(loaded.spec).toMatchObject({ sources: [{ type: source }], sinks: [{ type: sink }] });
  });
});

describe("sluice new", () => {
  test("writes what the flags say, commented, and does not overwrite it", async () => {
    await using work = await Workspace.create();
    const file = work.path("pipelines", "auth.yaml");
    const args = ["new", file, "--source", "file", "--set", "source.include=[/var/log/auth.log, /var/log/secure]"];
    const all = [...args, "--sink", "s3", "--set", "sink.bucket=auth-logs"];
    expect(await runSluice(all)).toMatchObject({ code: 0, stdout: "" });
    const text = readFileSync(file, "utf8");
    expect(text).toContain("    # Files to read: a glob or a list of globs, relative to the pipeline file.\n");
    expect(text).toContain("    include: [/var/log/auth.log, /var/log/secure]\n");
    expect(text).toContain("  - parse: auth\n");
    expect(text).toContain("    bucket: auth-logs\n");
    expect(await runSluice(["validate", "--strict", file])).toMatchObject({ code: 0, stderr: "" });

    const again = await runSluice(["new", file, "--source", "stdin", "--sink", "stdout"]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain("exists already (--force overwrites it)");
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(await runSluice(["new", file, "--force", "--source", "stdin", "--sink", "stdout"])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(file, "utf8")).toContain("type: stdin");
  });

  test("takes answers from a pipe, and the defaults when they end", async () => {
    const { code, stdout } = await runSluice(["new", "-"], { input: "file\n/srv/*.log\n2\nnats\n" });
    expect(code).toBe(0);
    expect(stdout).toContain("include: /srv/*.log");
    expect(stdout).toMatch(/- parse: auth\n/);
    expect(stdout).toContain("servers: nats://127.0.0.1:4222");
  });

  test("says what to do when there is nobody to ask and nothing given", async () => {
    const { code, stdout, stderr } = await runSluice(["new", "some.yaml"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("there is no terminal to ask on, and nothing was given (sluice new nginx.yaml --source");
  });

  test.each([
    [["--source", "fil", "--sink", "gelf"], "there is no source `fil` (did you mean `file`?)"],
    [["--source", "file", "--sink", "gelf", "--parser", "ngnix"], "there is no parser `ngnix` (did you mean `nginx`?)"],
    [
      ["--source", "file", "--sink", "gelf", "--set", "sink.adress=x"],
      "unknown key `adress` (did you mean `address`?)",
    ],
    [["--source", "file", "--sink", "gelf", "--set", "sink.address=x"], "`address`: write tcp://HOST:PORT"],
    [["--source", "file", "--sink", "gelf", "--set", "address=x"], "write it like source.include="],
  ])("%j is refused, and nothing is written", async (args, message) => {
    await using work = await Workspace.create();
    const { code, stdout, stderr } = await runSluice(["new", work.path("x.yaml"), ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(() => readFileSync(work.path("x.yaml"))).toThrow("ENOENT");
  });

  test("asks on a terminal, and asks again after a wrong answer", async () => {
    await using work = await Workspace.create();
    const file = work.path("asked.yaml");
    const child = spawn("script", ["-qec", `${ROOT}/packages/cli/bin/sluice new`, "/dev/null"], { cwd: work.dir });
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
      const [next] = waiting;
      if (next && stripVTControlCharacters(seen).endsWith(next[0])) {
        seen = "";
        waiting.shift();
        child.stdin.write(`${next[1]}\r`);
      }
    });
    const waiting: [question: string, answer: string][] = [
      ["Where from [file]: ", "tcpp"],
      ["Where from [file]: ", "tcp"],
      ["Where to listen [127.0.0.1:1514]: ", "127.0.0.1:5140"],
      ["Parser [syslog]: ", ""],
      ["Where to [gelf]: ", String(Object.keys(SINK_STARTERS).indexOf("file") + 1)],
      ["File to append to [events.ndjson]: ", ""],
      ["File [syslog-to-out.yaml]: ", "asked.yaml"],
    ];
    const [code] = await once(child, "close");
    expect({ code, waiting }).toEqual({ code: 0, waiting: [] });
    const text = readFileSync(file, "utf8");
    expect(text).toContain("address: 127.0.0.1:5140");
    expect(text).toContain("- parse: syslog");
    expect(text).toContain("path: events.ndjson");
  });
});
