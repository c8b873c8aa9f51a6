import { appendFile, readFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { openTraffic } from "@sluice/generate";
import { Nats, requireDebian } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsIn } from "../support/archives.ts";
import { type Running, runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const LINES = 3000;
const ready = requireDebian(["nats-server"]);

let nats: Nats;
beforeAll(async () => {
  if (ready) nats = await Nats.start({ config: "authorization { user: u, password: secret }" });
}, 2 * MINUTES);
afterAll(async () => {
  await nats?.stop();
});

const server = () => `servers: '${nats.servers[0]}', user: u, password: secret`;

function edge(work: Workspace, sink: string, others = ""): Promise<string> {
  return work.write(
    "edge.yaml",
    `name: web
sources: {access: {type: file, include: ['${work.path("access.log")}']}}
steps: [{parse: nginx}, {set: {labels.env: edge}}]
sinks:
  fleet: {type: nats, ${sink}, retry: {initial: 50ms, max: 500ms}}
${others}`,
  );
}

function shipper(work: Workspace, source: string, name = "shipper"): Promise<string> {
  return work.write(
    `${name}.yaml`,
    `name: ${name}
sources: {fleet: {type: nats, ${server()}, ${source}}}
steps: [{parse: nginx}, {set: {labels.env: shipper}}]
sinks: {out: {type: file, path: ${name}.ndjson}}
`,
  );
}

function run(work: Workspace, file: string, state: string, ...args: string[]): Running {
  return startSluice(["run", file, "--state-dir", work.path(state), ...args]);
}

const ids = (events: readonly { readonly [field: string]: unknown }[]) =>
  events.map((event) => String(event["event.id"])).sort();
const byId = (events: readonly { readonly [field: string]: unknown }[]) =>
  [...events].sort((a, b) => (String(a["event.id"]) < String(b["event.id"]) ? -1 : 1));

describe.runIf(ready)("a fleet on NATS", { timeout: 4 * MINUTES }, () => {
  test("events arrive with the fields, the time and the id that the edge gave them", async () => {
    await using work = await Workspace.create();
    await work.write("access.log", openTraffic("nginx", { seed: 1 }).block(LINES));
    const file = await edge(
      work,
      `${server()}, stream: same, subject: 'same.{http.request.method}.{host}', create_stream: {}`,
      "  beside: {type: file, path: edge.ndjson}\n",
    );
    const sent = await runSluice(["run", file, "--state-dir", work.path("edge"), "--until-eof"]);
    expect(sent.code, sent.stderr).toBe(0);
    expect((await nats.stream("same"))?.messages).toBe(LINES);
    const got = await runSluice([
      "run",
      await shipper(work, "stream: same"),
      "--state-dir",
      work.path("shipper"),
      "--until-eof",
    ]);
    expect(got.code, got.stderr).toBe(0);
    expect(got.stderr).toContain(`in ${LINES} = delivered ${LINES}`);
    expect(byId(await eventsIn(work.path("shipper.ndjson")))).toEqual(byId(await eventsIn(work.path("edge.ndjson"))));
    expect((await nats.stream("same"))?.consumers).toEqual([{ name: "sluice", pending: 0, unacknowledged: 0 }]);
  });

  test("what an edge sends again, the stream drops", async () => {
    await using work = await Workspace.create();
    await work.write("access.log", openTraffic("nginx", { seed: 2 }).block(LINES));
    const file = await edge(work, `${server()}, stream: twice, subject: twice, create_stream: {}`);
    for (let time = 0; time < 2; time++) {
      const sent = await runSluice(["run", file, "--state-dir", work.path("edge"), "--until-eof"]);
      expect(sent.code, sent.stderr).toBe(0);
      expect(sent.stderr).toContain(`in ${LINES} = delivered ${LINES}`);
      expect((await nats.stream("twice"))?.messages).toBe(LINES);
      // As after a kill before the position moved: it reads all again.
      const state = new DatabaseSync(work.path("edge", "state.db"));
      const start = `json_set(position, '$.offset', 0, '$.tail', json('{"bytes":0,"hash":""}'))`;
      state.exec(`UPDATE positions SET position = ${start}`);
      state.close();
    }
  });

  test("sluices share a consumer; one that stops or is killed leaves its work to the others", async () => {
    await using work = await Workspace.create();
    await work.write("access.log", openTraffic("nginx", { seed: 3 }).block(LINES));
    const source = "stream: shared, consumer: group, ack_wait: 3s, max_in_flight: 200";
    const names = ["one", "two", "three"];
    const file = await edge(work, `${server()}, stream: shared, subject: shared, create_stream: {}`);
    const sent = run(work, file, "edge");
    await until(async () => ((await nats.stream("shared"))?.messages ?? 0) > 0, "the first messages");
    const files = await Promise.all(names.map((name) => shipper(work, source, name)));
    const shippers = files.map((one, index) => run(work, one, names[index] as string));
    const lines = async (name: string) =>
      (await readFile(work.path(`${name}.ndjson`), "utf8").catch(() => "")).split("\n").length - 1;
    await until(async () => (await lines("one")) > 0, "the first to take some");
    await until(() => shippers[1]?.stderr().includes('"running"'), "the second to run");
    await shippers[0]?.kill("SIGKILL");
    expect(await shippers[1]?.kill("SIGTERM"), shippers[1]?.stderr()).toBe(0);
    await appendFile(work.path("access.log"), openTraffic("nginx", { seed: 4 }).block(LINES));
    const done = async () => {
      const state = await nats.stream("shared");
      const [group] = state?.consumers ?? [];
      return state?.messages === 2 * LINES && group?.pending === 0 && group.unacknowledged === 0;
    };
    await until(done, "everything to be acknowledged", 2 * MINUTES);
    expect(await sent.kill("SIGTERM"), sent.stderr()).toBe(0);
    expect(await shippers[2]?.kill("SIGTERM"), shippers[2]?.stderr()).toBe(0);
    const events = await Promise.all(names.map((name) => eventsIn(work.path(`${name}.ndjson`)).catch(() => [])));
    expect(new Set(ids(events.flat())).size).toBe(2 * LINES);
  });

  test("it says in a sentence what is wrong, and goes on when that is put right", async () => {
    await using work = await Workspace.create();
    await work.write("access.log", openTraffic("nginx", { seed: 5 }).block(10));
    const complains = async (sink: string, complaint: string) => {
      const sluice = run(work, await edge(work, sink), "edge");
      await until(() => sluice.stderr().includes(complaint), `sluice to say ${complaint}`).catch((error: unknown) => {
        throw new Error(`${String(error)}; it said ${sluice.stderr()}`);
      });
      await sluice.kill("SIGKILL");
    };
    await complains(`${server()}, subject: nowhere`, "cannot publish to nowhere: no stream takes it (no responders)");
    await complains(
      server().replace("secret", "wrong"),
      `cannot connect to ${nats.servers[0]}: the servers refuse these credentials`,
    );
    await complains("servers: 'nats://127.0.0.1:9'", "nothing listens there");
    const late = run(work, await edge(work, `${server()}, subject: late`), "edge", "--until-eof");
    await until(() => late.stderr().includes("no stream takes it"), "the complaint");
    const other = await Workspace.create();
    await other.write("access.log", "");
    const maker = await edge(other, `${server()}, stream: late, subject: late, create_stream: {}`);
    await runSluice(["run", maker, "--state-dir", other.path("state"), "--until-eof"]);
    await other[Symbol.asyncDispose]();
    expect(await late.ended, late.stderr()).toBe(0);
    expect((await nats.stream("late"))?.messages).toBe(10);
  });

  test("`validate --connect` finds a missing stream", async () => {
    await using work = await Workspace.create();
    await work.write("access.log", "");
    const missing = await runSluice(["validate", await shipper(work, "stream: missing"), "--connect"]);
    expect(missing.code).toBe(2);
    expect(missing.stderr + missing.stdout).toContain("cannot read the stream missing: stream not found");
  });
});
