import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

/** A sluice that reads a file into another, with its HTTP side on a free port. */
async function startWatched(work: Workspace, http = "127.0.0.1:0", env: NodeJS.ProcessEnv = {}) {
  await work.write("in.log", "one\ntwo\nthree\n");
  const file = await work.write(
    "copy.yaml",
    `sources:\n  lines: {type: file, include: ['${work.path("in.log")}']}\nsinks:\n  copy: {type: file, path: ${work.path("out")}}\n`,
  );
  const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", http], { env });
  const url = await until(() => /"url":"([^"]+)"/.exec(sluice.stderr())?.[1], "the address of the HTTP side");
  return { sluice, url };
}

/** The part of Prometheus' answer to an instant query that is looked at here. */
interface QueryAnswer {
  readonly data?: { readonly result: { readonly metric: object; readonly value: [number, string] }[] };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

const hasPrometheus = requireDebian(["prometheus"]);

test.skipIf(!hasPrometheus)("a real Prometheus scrapes it and answers queries about it", async () => {
  await using work = await Workspace.create();
  const { sluice, url } = await startWatched(work, "127.0.0.1:0", { SLUICE_HTTP_TOKEN: "a-long-enough-token" });
  const config = `scrape_configs:
  - job_name: sluice
    scrape_interval: 500ms
    authorization: {credentials: a-long-enough-token}
    static_configs: [{targets: ['${new URL(url).host}']}]\n`;
  const port = await freePort();
  const prometheus: ChildProcess = spawn(
    "prometheus",
    [
      `--config.file=${await work.write("prometheus.yml", config)}`,
      `--storage.tsdb.path=${work.path("tsdb")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  try {
    const query = encodeURIComponent('sluice_component_sent_events_total{component="copy"}');
    const value = await until(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${query}`).catch(() => undefined);
      const body = (await answer?.json().catch(() => undefined)) as QueryAnswer | undefined;
      const series = body?.data?.result[0];
      return series?.value[1] === "3" ? series.metric : undefined;
    }, "Prometheus to know of three delivered events");
    expect(value).toMatchObject({ job: "sluice", pipeline: "copy", kind: "sink", type: "file" });
  } finally {
    prometheus.kill();
    await once(prometheus, "close");
    expect(await sluice.kill()).toBe(0);
  }
});

test("health is told, and the token is demanded where it is set", async () => {
  await using work = await Workspace.create();
  const { sluice, url } = await startWatched(work, "127.0.0.1:0", { SLUICE_HTTP_TOKEN: "a-long-enough-token" });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await until(async () => (await fetch(`${url}/readyz`)).status === 200, "readiness");
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  expect(await sluice.kill()).toBe(0);
});

test("an address that others can reach is refused without a token, before anything runs", async () => {
  await using work = await Workspace.create();
  const file = await work.write("p.yaml", "sources:\n  in: {type: stdin}\nsinks:\n  out: {type: stdout}\n");
  const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "0.0.0.0:0"]);
  expect(await sluice.ended).toBe(2);
  expect(sluice.stderr()).toMatch(/needs a token.*SLUICE_HTTP_TOKEN/);
});

test("a chosen address that is taken is an error; the default one is gone without", async () => {
  await using work = await Workspace.create();
  const { sluice, url } = await startWatched(work);
  const file = await work.write("p.yaml", "sources:\n  in: {type: stdin}\nsinks:\n  out: {type: stdout}\n");
  const run = ["run", file, "--state-dir", work.path("other")];
  const chosen = startSluice([...run, "--http", new URL(url).host], { input: "x\n" });
  expect(await chosen.ended).toBe(2);
  expect(chosen.stderr()).toMatch(/taken.*--http off/);
  await sluice.kill();

  // Whoever has the default port, this test or another sluice: it is taken.
  const taker = createServer().listen(9600, "127.0.0.1");
  await Promise.race([once(taker, "listening"), once(taker, "error")]);
  const { SLUICE_HTTP: _, ...env } = process.env;
  const second = startSluice([...run, "--until-eof"], { input: "x\n", env: { ...env, SLUICE_HTTP: undefined } });
  expect(await second.ended).toBe(0);
  expect(second.stdout()).toContain("x");
  expect(second.stderr()).toMatch(/going on without dashboard/);
  taker.close();
});
