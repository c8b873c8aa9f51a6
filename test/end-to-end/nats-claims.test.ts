import { openTraffic } from "@sluice/generate";
import {
  Nats,
  type ObjectStore,
  requireDebian,
  requireObjectStore,
  startObjectStore,
  startTcpProxy,
  type TcpProxy,
} from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findLines, foundStored, SlowStore, Victim } from "../support/fleet.ts";
import { s3Options } from "../support/objects.ts";
import { runSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const LINES = 2000;
/** A user of the servers who may do what a shipper needs, but for claims. */
const CONFIG = `authorization {
  users: [
    { user: all, password: secret },
    { user: plain, password: secret, permissions: {
      publish: ["$JS.API.STREAM.INFO.*", "$JS.API.CONSUMER.>", "$JS.ACK.>"], subscribe: ["_INBOX.>"] } }
  ]
}`;
const ready = requireDebian(["nats-server"]) && requireObjectStore();

let nats: Nats;
let store: ObjectStore;
beforeAll(async () => {
  if (ready) [nats, store] = await Promise.all([Nats.start({ config: CONFIG }), startObjectStore()]);
}, 3 * MINUTES);
afterAll(async () => {
  await nats?.stop();
  await store?.stop();
});

/** Puts lines into a stream; resolves to their file. */
async function publish(work: Workspace, stream: string): Promise<string> {
  const log = await work.write("access.log", openTraffic("nginx", { seed: 4 }).block(LINES));
  const sink = `type: nats, servers: '${nats.servers[0]}', user: all, password: secret, stream: ${stream}, subject: ${stream}, create_stream: {}`;
  const file = await work.write(
    "edge.yaml",
    `name: edge
sources: {access: {type: file, include: ['${log}']}}
steps: [{parse: nginx}]
sinks: {fleet: {${sink}}}
`,
  );
  const sent = await runSluice(["run", file, "--state-dir", work.path("edge"), "--until-eof"]);
  expect(sent.code, sent.stderr).toBe(0);
  return log;
}

interface Ways {
  readonly server: string;
  readonly user: string;
  readonly store: Parameters<typeof s3Options>[0];
}

async function shipper(work: Workspace, stream: string, name: string, ways: Partial<Ways> = {}): Promise<Victim> {
  const { server = nats.servers[0] as string, user = "all", store: to = store } = ways;
  const file = await work.write(
    `${name}.yaml`,
    `name: ${name}
sources: {fleet: {type: nats, servers: '${server}', user: ${user}, password: secret, stream: ${stream}, ack_wait: 3s, request_timeout: 1s}}
sinks:
  archive: {${s3Options(to, stream)}, create_bucket: true, max_age: 500ms, request_timeout: 1s, retry: {initial: 50ms, max: 500ms}}
`,
  );
  return new Victim(work, name, file);
}

async function isShipped(stream: string): Promise<boolean> {
  const state = await nats.stream(stream);
  const [group] = state?.consumers ?? [];
  return state?.messages === LINES && group?.pending === 0 && group.unacknowledged === 0;
}

async function natsProxy(): Promise<TcpProxy> {
  const { port, hostname } = new URL(nats.servers[0] as string);
  return startTcpProxy(Number(port), hostname);
}

describe.runIf(ready)("sluices that share a stream", { timeout: 5 * MINUTES }, () => {
  test("one that is cut off from the stream stores nothing that others have taken over meanwhile", async () => {
    await using work = await Workspace.create();
    const log = await publish(work, "fence");
    await using slow = await SlowStore.start(store, 0);
    const way = await natsProxy();
    // Its store takes no connection: it has claimed what it gathers, and cannot store it.
    slow.faults.refuse = true;
    const server = `nats://127.0.0.1:${way.port}`;
    const first = await shipper(work, "fence", "first", { server, store: slow.address });
    await until(() => first.said.includes("upload failed"), "the first to fail to store");
    way.faults.blackHole = true;
    const second = await shipper(work, "fence", "second");
    await until(() => isShipped("fence"), "the second to take over", 2 * MINUTES);
    slow.faults.refuse = false;
    await until(() => first.said.includes("whether another sluice has taken over"), "the first to ask", MINUTES);
    way.faults.blackHole = false;
    way.reset();
    await until(() => first.said.includes("starting the pipeline again"), "the first to hear of it", MINUTES);
    await first.drop();
    await second.end();
    await way.close();
    const { objects: _, ...found } = await findLines(store, "fence", work.path("got"), [log]);
    expect(found).toEqual({ missing: 0, wrong: 0, twice: 0, events: LINES, ids: LINES });
  });

  test("without the rights for claims it says so once, and goes on", async () => {
    await using work = await Workspace.create();
    const log = await publish(work, "rights");
    const one = await shipper(work, "rights", "one", { user: "plain" });
    await until(() => isShipped("rights"), "everything to be shipped", 2 * MINUTES);
    await one.end();
    expect(one.log.match(/without claims/g), one.log).toHaveLength(1);
    expect(one.log).toMatch(/"hint":"give this user the rights on the stream sluice-claims-rights-sluice/);
    const { objects: _, ...found } = await findLines(store, "rights", work.path("got"), [log]);
    expect(found).toEqual({ missing: 0, wrong: 0, twice: 0, events: LINES, ids: LINES });
  });

  test("one that is started again finds what it had stored before it was killed", async () => {
    await using work = await Workspace.create();
    const log = await publish(work, "again");
    await using slow = await SlowStore.start(store, 200);
    const stored = Promise.withResolvers<void>();
    slow.onStored = stored.resolve;
    const one = await shipper(work, "again", "one", { store: slow.address });
    await stored.promise;
    await one.kill();
    await until(() => isShipped("again"), "everything to be shipped", 2 * MINUTES);
    expect(foundStored(one.log)).toBeGreaterThan(0);
    await one.end();
    const { objects: _, ...found } = await findLines(store, "again", work.path("got"), [log]);
    expect(found).toEqual({ missing: 0, wrong: 0, twice: 0, events: LINES, ids: LINES });
  });
});
