import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { connect, faultsOf, linesOf, NO_FAULT, reload, replaceFile, urlOf, Writer } from "../support/reload.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const RATE = 10_000;

/** A pipeline of lines; `change` is a step. */
function pipelineOf(source: string, sinks: string, change = ""): string {
  return `sources:\n  in: ${source}\nsteps:\n  - sanitize: off\n${change}sinks:\n${sinks}`;
}

/** A directory of pipelines, and a sluice that runs it. */
async function begin(work: Workspace, pipelines: Record<string, string>, args: readonly string[] = []) {
  const dir = await work.directory("pipelines");
  const put = (name: string, text: string) => replaceFile(path.join(dir, `${name}.yaml`), text);
  for (const [name, text] of Object.entries(pipelines)) await put(name, text);
  const command = ["run", dir, "--state-dir", work.path("state"), "--http", "127.0.0.1:0", ...args];
  const sluice = startSluice(command);
  const url = await urlOf(sluice);
  await until(() => sluice.stderr().includes('"running"'), "sluice to run");
  return { dir, put, sluice, url, command };
}

test(`reloads under ${RATE} lines a second lose and repeat nothing, and leave connections alone`, {
  timeout: 5 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  const log = await work.write("in.log", "");
  const out = (name: string) => work.path("out", `${name}.log`);
  const file = (name: string, options = "") => `  out: {type: file, path: '${out(name)}', format: raw${options}}\n`;
  const tail = `{type: file, include: ['${log}'], poll_interval: 50ms}`;
  const listen = "{type: tcp, address: '127.0.0.1:0'}";
  const label = (n: number) => `  - set: {labels.generation: '${n}'}\n`;
  const gelf = `  graylog: {type: gelf, address: '${graylog.address}'}\n`;
  const lines = (n: number, options = "") => pipelineOf(tail, gelf + file("lines", options), label(n));
  const { put, dir, sluice, url } = await begin(work, {
    lines: lines(0),
    steady: pipelineOf(listen.replace("type: tcp", "type: tcp, max_line_bytes: 64KiB"), file("steady")),
    changing: pipelineOf(listen, file("changing"), label(0)),
  });
  try {
    // Both sources are named `in`: they are told apart by the order in which the pipelines start.
    const ports = await until(() => {
      const found = [...sluice.stderr().matchAll(/"listening"|"port":(\d+)/g)].flatMap(([, port]) => port ?? []);
      return found.length === 2 ? found.map(Number) : undefined;
    }, "both to listen");
    const [changing, steady] = await Promise.all(ports.map((port) => connect(port)));
    if (!changing || !steady) throw new Error("no connection");
    const writers = {
      lines: Writer.toFile(log, "line", RATE),
      steady: Writer.toSocket(steady, "line", 1000),
      changing: Writer.toSocket(changing, "line", 1000),
    };
    const size = async () => (await stat(out("lines")).catch(() => undefined))?.size ?? 0;
    const flowing = async () => {
      const before = await size();
      await until(async () => (await size()) > before + RATE, "lines to arrive");
    };
    for (let n = 1; n <= 4; n++) {
      await flowing();
      await put("lines", lines(n));
      await put("changing", pipelineOf(listen, file("changing"), label(n)));
      const { status, answer } = await reload(url);
      expect({ status, ...answer }).toMatchObject({
        status: 200,
        result: "changed",
        changed: ["changing", "lines"],
        unchanged: ["steady"],
      });
      if (n !== 2) continue;
      await put("lines", lines(n).replace("sinks:", "snks:"));
      const bad = await reload(url);
      expect(bad).toMatchObject({ status: 422, answer: { ok: false, result: "failed", changed: [] } });
      expect(bad.answer.problems[0]).toMatch(/pipelines\/lines\.yaml:6:1: unknown key `snks`.*`sinks`/);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    }
    await flowing();
    await put("lines", lines(5, ", rotate: {size: 1GiB}"));
    await put("added", pipelineOf(tail, file("added")));
    expect((await reload(url)).answer).toMatchObject({ ok: true, added: ["added"], changed: ["lines"] });
    await until(async () => (await linesOf(out("added"))).length > RATE, "the added pipeline to deliver");
    await rm(path.join(dir, "added.yaml"));
    await put("lines", lines(6, ", rotate: {size: 1GiB}"));
    sluice.child.kill("SIGHUP");
    sluice.child.kill("SIGHUP");
    await until(() => sluice.stderr().includes('"removed":["added"]'), "the reload");
    await flowing();
    const written = {
      lines: await writers.lines.stop(),
      steady: await writers.steady.stop(),
      changing: await writers.changing.stop(),
    };
    steady.end();
    changing.end();
    for (const name of ["lines", "steady", "changing"] as const) {
      const bytes = Array.from({ length: written[name] }, (_, n) => `line ${n}\n`.length).reduce((a, b) => a + b, 0);
      await until(async () => (await stat(out(name))).size >= bytes, `the lines of ${name}`);
    }
    expect(await sluice.kill("SIGTERM")).toBe(0);
    expect(faultsOf(await linesOf(out("lines")), "line", written.lines)).toEqual(NO_FAULT);
    expect(faultsOf(await linesOf(out("steady")), "line", written.steady)).toEqual(NO_FAULT);
    expect(faultsOf(await linesOf(out("changing")), "line", written.changing)).toEqual(NO_FAULT);
    expect(faultsOf(await linesOf(out("added")), "line", (await linesOf(out("added"))).length)).toEqual(NO_FAULT);
    const messages = await graylog.accepted();
    const texts = messages.map((message) => message["short_message"] as string);
    expect(faultsOf(texts, "line", written.lines)).toEqual(NO_FAULT);
    expect(new Set(messages.map((message) => message["_event_id"])).size).toBe(written.lines);
    expect(new Set(messages.map((message) => message["_labels_generation"]))).toEqual(
      new Set(["0", "1", "2", "3", "4", "5", "6"]),
    );
    // One connection each, from the beginning to the end.
    expect(sluice.stderr().match(/"listening"/g)).toHaveLength(2);
  } finally {
    await sluice.kill("SIGKILL");
    await graylog.stop();
  }
});
