import { spawnSync } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { requireDebian } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT, type Running, runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const SECRET = "AKIAIOSFODNN7EXAMPLQ";
let work: Workspace;
let sluice: Running;
let http: string;
const writer = new AbortController();
let writing: Promise<void>;

/** Writes requests until the tests are over: the first tap only sees what comes after it. */
async function write(file: string): Promise<void> {
  for (let n = 0; !writer.signal.aborted; n++) {
    const status = n % 5 === 0 ? 503 : 200;
    const line = `203.0.113.7 - - [10/Jan/2017:13:06:27 -0300] "GET /n${n}?key=${SECRET} HTTP/1.1" ${status} 0 "-" "curl/8"\n`;
    await appendFile(file, line);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeAll(async () => {
  work = await Workspace.create();
  const log = await work.write("access.log", "");
  const file = await work.write(
    "web.yaml",
    `sources:
  access: {type: file, include: ['${log}'], poll_interval: 50ms}
steps:
  - parse: nginx
  - sanitize: off
sinks:
  out: {type: file, path: ${work.path("out.ndjson")}, when: 'http.response.status_code == 503'}
  dead: {type: gelf, address: 'tcp://127.0.0.1:1'}
`,
  );
  sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "127.0.0.1:0"]);
  http = await until(() => /"url":"http:\/\/([^"]+)"/.exec(sluice.stderr())?.[1], "the HTTP side");
  await until(() => sluice.stderr().includes('"msg":"running"'), "the pipeline");
  writing = write(log);
});

afterAll(async () => {
  writer.abort();
  await writing;
  await sluice.kill("SIGKILL");
  await work[Symbol.asyncDispose]();
});

async function tap(...args: string[]) {
  const { code, stdout, stderr } = await runSluice(["tap", "--http", http, ...args]);
  const events = stdout.trimEnd().split("\n");
  return { code, stderr, events: events.filter((line) => line !== "").map((line) => JSON.parse(line)) };
}

describe("tap", () => {
  test("prints events of the pipeline, without secrets although the pipeline does not sanitize", async () => {
    const { code, events } = await tap("--count", "3");
    expect(code).toBe(0);
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({ "source.ip": "203.0.113.7", "url.path": expect.stringMatching(/^\/n\d+$/) });
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(JSON.stringify(events)).toContain("[redacted:");
  });

  test("prints what a condition chooses, and what a sink gets", async () => {
    const { events } = await tap("--count", "2", "--where", "http.response.status_code == 503");
    expect(events.map((event) => event["http.response.status_code"])).toEqual([503, 503]);
    const { events: atSink } = await tap("out", "--count", "2");
    expect(atSink.map((event) => event["http.response.status_code"])).toEqual([503, 503]);
  });

  test("prints lines as the source reads them", async () => {
    const { events } = await tap("access", "--count", "1");
    expect(events[0]["url.path"]).toBeUndefined();
    expect(events[0].message).toContain("GET /n");
    expect(events[0].message).not.toContain(SECRET);
  });

  test("says what there is when a name is unknown, and who does not answer", async () => {
    const unknown = await tap("nothing");
    expect(unknown).toMatchObject({ code: 2, events: [] });
    expect(unknown.stderr).toMatch(/there is no nothing.*web\/access, web\/steps\[0\], web\/steps\[1\], web\/out/);
    const nobody = await runSluice(["tap", "--http", "127.0.0.1:1"]);
    expect(nobody).toMatchObject({ code: 1, stdout: "" });
    expect(nobody.stderr).toMatch(/no sluice answers at http:\/\/127.0.0.1:1.*sluice run/);
  });

  test("a condition that does not compile is wrong usage", async () => {
    expect(await tap("--where", "((")).toMatchObject({ code: 2, events: [] });
  });
});

describe("top", () => {
  test("prints a table once when it is piped", async () => {
    const { code, stdout } = await runSluice(["top", "--http", http]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sluice \S+ · up .* · ready/);
    expect(stdout).toMatch(/^PIPELINE +COMPONENT +KIND +STATE/m);
    expect(stdout).toMatch(/^web +access +file +running/m);
    expect(stdout).toMatch(/^web +steps\[0\] +parse nginx/m);
    expect(stdout).toMatch(/^web +dead +gelf +(retrying|writing)/m);
  });

  test.skipIf(!requireDebian(["tmux"]))("lives in tmux: it sorts by keys, and gives the terminal back", async () => {
    const server = `sluice-test-${process.pid}`;
    const tmux = (...args: string[]) => spawnSync("tmux", ["-L", server, ...args], { encoding: "utf8" });
    const screen = () => tmux("capture-pane", "-p", "-t", "0").stdout;
    const start = `cd ${ROOT} && exec sh -i`;
    try {
      expect(tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "20", start).status).toBe(0);
      tmux("send-keys", "-t", "0", `echo before; packages/cli/bin/sluice top --http ${http}`, "Enter");
      await until(() => /PIPELINE▼.*web +access/s.test(screen()), "the table");
      expect(screen()).toMatch(/^web +dead +gelf +retrying .*again in .*: cannot/m);
      expect(screen()).toContain("q quit");
      tmux("send-keys", "-t", "0", "i");
      await until(() => /IN\/s▼/.test(screen()), "the other order");
      tmux("send-keys", "-t", "0", "Left", "r");
      await until(() => /STATE▲/.test(screen()), "the order reversed");
      tmux("resize-window", "-t", "0", "-x", "60", "-y", "10");
      await until(
        () =>
          screen()
            .split("\n")
            .every((line) => Array.from(line).length <= 60),
        "the smaller window",
      );
      tmux("send-keys", "-t", "0", "q");
      await until(() => /before/.test(screen()) && !/q quit/.test(screen()), "the terminal as it was");
    } finally {
      tmux("kill-server");
    }
  });
});

describe("graph", () => {
  test("prints the pipeline as text, and as Mermaid", async () => {
    const text = await runSluice(["graph", "pipelines/nginx-to-graylog.yaml"]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/● \S+ {2}file/);
    expect(text.stdout).toMatch(/▼ parse nginx/);
    expect(text.stdout).toMatch(/└▶ \S+ {2}gelf/);
    const mermaid = await runSluice(["graph", "pipelines/nginx-to-graylog.yaml", "--mermaid"]);
    expect(mermaid.stdout).toMatch(/^flowchart LR\n {2}subgraph p0\["/);
    expect(mermaid.stdout).toContain('["parse nginx"]');
    expect(mermaid.stdout).toMatch(/p0s0 --> p0t0/);
  });
});
