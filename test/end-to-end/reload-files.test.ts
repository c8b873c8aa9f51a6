import { readFile, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { connect, faultsOf, linesOf, NO_FAULT, reload, replaceFile, urlOf, Writer } from "../support/reload.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;

/** A pipeline from a source to a file. */
function toFile(source: string, out: string, step = ""): string {
  return `sources:\n  in: ${source}\nsteps:\n  - sanitize: off\n${step}sinks:\n  out: {type: file, path: '${out}', format: raw}\n`;
}

function tail(log: string): string {
  return `{type: file, include: ['${log}'], poll_interval: 50ms}`;
}

async function begin(work: Workspace, paths: readonly string[], options: readonly string[] = [], env = {}) {
  const command = ["run", ...paths, "--state-dir", work.path("state"), "--http", "127.0.0.1:0", ...options];
  const sluice = startSluice(command, { env });
  const url = await urlOf(sluice);
  await until(() => sluice.stderr().includes('"running"'), "sluice to run");
  return { sluice, url, command };
}

/** Ports on which something listens, in the order in which it began to. */
function portsOf(stderr: string): number[] {
  return [...stderr.matchAll(/"port":(\d+),"msg":"listening"/g)].map(([, port]) => Number(port));
}

test("--watch sees what editors, mv and links do, and the files that a pipeline uses", {
  timeout: 5 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const log = await work.write("in.log", "one\n");
  const secret = await work.write("secret", "first");
  const dir = await work.directory("pipelines");
  const label = `  - set: {message: '\${file:${secret}}'}\n`;
  const web = path.join(dir, "web.yaml");
  await replaceFile(web, toFile(tail(log), work.path("out.log"), label));
  const { sluice } = await begin(work, [path.join(dir, "*.yaml")], ["--watch"]);
  try {
    const told = (text: string) => until(() => sluice.stderr().includes(text), text);
    await until(async () => (await linesOf(work.path("out.log"))).length === 1, "the first line");
    // A secret that is replaced, as `docker secret` and editors do.
    await replaceFile(secret, "second");
    await told('"changed":["web"]');
    await work.write("in.log", "one\ntwo\n");
    await until(async () => (await linesOf(work.path("out.log"))).length === 2, "the second line");
    expect(await linesOf(work.path("out.log"))).toEqual(["first", "second"]);
    // A bad file is told of once, although it stays as it is.
    await replaceFile(path.join(dir, "bad.yaml"), "sources: {in: {type: nothing}}\n");
    await told("pipelines/bad.yaml:1:22: ");
    await sleep(1500);
    expect(sluice.stderr().match(/"not reloaded/g)).toHaveLength(1);
    // A new pipeline behind a link, as a ConfigMap has it, and comments alone in the other.
    await rm(path.join(dir, "bad.yaml"));
    await work.write("linked.yaml", toFile(tail(log), work.path("linked.log")));
    await symlink(work.path("linked.yaml"), path.join(dir, "linked.yaml"));
    await replaceFile(web, `# the same\n${await readFile(web, "utf8")}`);
    await told('"added":["linked"],"changed":[]');
    await until(async () => (await linesOf(work.path("linked.log"))).length === 2, "the lines of the linked pipeline");
    expect(await sluice.kill("SIGTERM")).toBe(0);
  } finally {
    await sluice.kill("SIGKILL");
  }
});

test("a changed source has its old port again; one that is taken brings everything back", {
  timeout: 5 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const taken = createServer().listen(0, "127.0.0.1");
  const file = work.path("net.yaml");
  const net = (address: string, limit: string) =>
    toFile(`{type: tcp, address: '${address}', max_line_bytes: ${limit}}`, work.path("out.log"));
  await replaceFile(file, net("127.0.0.1:0", "1KiB"));
  const { sluice, url } = await begin(work, [file]);
  try {
    const [free] = await until(
      () => (portsOf(sluice.stderr()).length === 1 ? portsOf(sluice.stderr()) : undefined),
      "it",
    );
    const here = `127.0.0.1:${free}`;
    await replaceFile(file, net(here, "1KiB"));
    expect((await reload(url)).answer).toMatchObject({ ok: true, changed: ["net"] });
    const first = await connect(free as number);
    first.write("one\n");
    await until(async () => (await linesOf(work.path("out.log"))).length === 1, "a line");
    // The client answers the FIN, as syslog daemons do.
    await replaceFile(file, net(here, "2KiB"));
    expect((await reload(url)).answer).toMatchObject({ ok: true, changed: ["net"] });
    const second = await connect(free as number);
    second.write("two\n");
    await until(async () => (await linesOf(work.path("out.log"))).length === 2, "a line");
    await replaceFile(file, net(`127.0.0.1:${(taken.address() as { port: number }).port}`, "2KiB"));
    const { status, answer } = await reload(url);
    expect({ status, ...answer }).toMatchObject({ status: 422, ok: false, changed: [] });
    expect(answer.problems[0]).toMatch(/cannot listen on .*in use/);
    const third = await connect(free as number);
    third.write("three\n");
    await until(async () => (await linesOf(work.path("out.log"))).length === 3, "a line");
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('sluice_reloads_total{result="failed"} 1');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    for (const socket of [first, second, third]) socket.destroy();
    expect(await sluice.kill("SIGTERM")).toBe(0);
  } finally {
    taken.close();
    await sluice.kill("SIGKILL");
  }
});

test("kill -9 right after a reload, and a SIGTERM in the midst of one, lose nothing", {
  timeout: 5 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const log = await work.write("in.log", "");
  const file = work.path("web.yaml");
  const out = work.path("out.log");
  const put = (n: number) => replaceFile(file, toFile(tail(log), out, `  - set: {labels.n: '${n}'}\n`));
  await put(0);
  const writer = Writer.toFile(log, "line", 10_000);
  let command: readonly string[] = [];
  for (let n = 1; n <= 3; n++) {
    const run = await begin(work, [file]);
    ({ command } = run);
    const before = (await linesOf(out)).length;
    await until(async () => (await linesOf(out)).length > before + 1000, "lines");
    await put(n);
    run.sluice.child.kill("SIGHUP");
    if (n < 3) await until(() => run.sluice.stderr().includes('"reloaded"'), "the reload");
    const end = await run.sluice.kill(n < 3 ? "SIGKILL" : "SIGTERM");
    expect(end).toBe(n < 3 ? "SIGKILL" : 0);
  }
  const written = await writer.stop();
  expect(await startSluice([...command, "--until-eof"]).ended).toBe(0);
  const lines = await linesOf(out);
  expect(faultsOf([...new Set(lines)], "line", written)).toMatchObject({ missing: 0, others: 0 });
});

test("a SIGHUP that comes before everything runs is no end", async () => {
  await using work = await Workspace.create();
  const file = await work.write("web.yaml", toFile(tail(work.path("in.log")), work.path("out.log")));
  const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "off"]);
  // As soon as the process is Node.js, and no longer the shell that becomes it.
  const caught = async () => {
    const status = await readFile(`/proc/${sluice.pid}/status`, "utf8");
    return (Number.parseInt(/SigCgt:\t(\w+)/.exec(status)?.[1]?.slice(-1) ?? "0", 16) & 1) === 1;
  };
  await until(caught, "it to mind the signal");
  while (!sluice.stderr().includes('"running"')) {
    sluice.child.kill("SIGHUP");
    await sleep(20);
  }
  await until(() => sluice.stderr().includes("reloaded: the pipelines are as they were"), "the reload");
  expect(await sluice.kill("SIGTERM")).toBe(0);
});

for (const buffer of ["disk", "memory"] as const) {
  test(`events for a dead Graylog go to the one that takes its place, buffer: ${buffer}`, {
    timeout: 5 * MINUTES,
  }, async () => {
    await using work = await Workspace.create();
    const lines = Array.from({ length: 2000 }, (_, n) => `line ${n}\n`).join("");
    const log = await work.write("in.log", lines);
    const file = work.path("web.yaml");
    const pipeline = (address: string) =>
      `sources:\n  in: ${tail(log)}\nsteps:\n  - sanitize: off\nsinks:\n  graylog: {type: gelf, address: '${address}', buffer: {type: ${buffer}}, retry: {initial: 50ms, max: 200ms}}\n`;
    await replaceFile(file, pipeline("tcp://127.0.0.1:1"));
    const { sluice, url } = await begin(work, [file]);
    const graylog = await Graylog.start();
    try {
      const status = async () =>
        (await fetch(`${url}/api/status`)).json() as Promise<{
          pipelines: { sinks: { state: string; backlogEvents: number }[] }[];
        }>;
      await until(async () => (await status()).pipelines[0]?.sinks[0]?.backlogEvents === 2000, "the events to wait");
      await replaceFile(file, pipeline(graylog.address));
      expect((await reload(url)).answer).toMatchObject({ ok: true, changed: ["web"] });
      await until(async () => (await graylog.accepted()).length >= 2000, "the events");
      expect(await sluice.kill("SIGTERM")).toBe(0);
      const messages = await graylog.accepted();
      expect(
        faultsOf(
          messages.map((message) => message["short_message"] as string),
          "line",
          2000,
        ),
      ).toEqual(NO_FAULT);
      expect(sluice.stderr()).toContain("ledger of web: in 2000 = delivered 2000 + dropped 0 + buffered 0");
    } finally {
      await sluice.kill("SIGKILL");
      await graylog.stop();
    }
  });
}
