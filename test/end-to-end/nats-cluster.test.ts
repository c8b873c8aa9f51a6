import { appendFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Nats, requireDebian, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { findLines, foundStored, SlowStore, Victim } from "../support/fleet.ts";
import { s3Options } from "../support/objects.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const LONG = process.env["SLUICE_LONG_TESTS"] !== undefined;
/** `SLUICE_FLEET_EVENTS`: for machines on which a million takes too long. */
const WANTED = Number(process.env["SLUICE_FLEET_EVENTS"] ?? (LONG ? 1_000_000 : 30_000));
const BLOCKS = 60;
const BLOCK = Math.ceil(WANTED / BLOCKS);
const LINES = BLOCK * BLOCKS;
const EDGES = ["edge1", "edge2"];
const SHIPPERS = ["ship1", "ship2", "ship3"];
/** Milliseconds that a request to the store takes in each direction. */
const SLOWNESS = 200;
/** Three servers, five sluices and a store on two cores are slower the more lies between them. */
const PATIENCE = WANTED > 100_000 ? "ack_wait: 30s, request_timeout: 5s" : "ack_wait: 6s, request_timeout: 2s";

function edge(work: Workspace, nats: Nats, name: string): Promise<string> {
  return work.write(
    `${name}.yaml`,
    `name: ${name}
sources: {access: {type: file, include: ['${work.path(`${name}.log`)}'], poll_interval: 50ms}}
steps: [{parse: nginx}]
sinks:
  fleet: {type: nats, servers: '${nats.servers.join(",")}', stream: logs, subject: 'logs.{pipeline}', create_stream: {subjects: ['logs.*'], replicas: 3}, request_timeout: 3s, retry: {initial: 50ms, max: 1s}}
`,
  );
}

function shipper(work: Workspace, nats: Nats, store: SlowStore, name: string): Promise<string> {
  return work.write(
    `${name}.yaml`,
    `name: ${name}
sources: {fleet: {type: nats, servers: '${nats.servers.join(",")}', stream: logs, ${PATIENCE}}}
sinks:
  archive: {${s3Options(store.address, "fleet")}, create_bucket: true, max_age: 500ms, request_timeout: 3s, retry: {initial: 50ms, max: 1s}}
`,
  );
}

/**
 * Kills shippers, one after the other, each when the store has written an object of its and the answer has not arrived.
 * Returns how many it has killed so far, and its end.
 */
function killAtTheWorst(shippers: readonly Victim[], stores: readonly SlowStore[], stop: AbortSignal) {
  const kills = { count: 0 };
  const stopped = new Promise<undefined>((resolve) => stop.addEventListener("abort", () => resolve(undefined)));
  const run = async () => {
    while (!stop.aborted) {
      const first = Promise.withResolvers<number>();
      for (const [index, one] of stores.entries()) one.onStored = () => first.resolve(index);
      const index = await Promise.race([first.promise, stopped]);
      for (const one of stores) one.onStored = undefined;
      if (index === undefined) return;
      await shippers[index]?.kill();
      kills.count++;
    }
  };
  return { kills, done: run() };
}

test.runIf(requireDebian(["nats-server"]) && requireObjectStore())(
  `${LINES} events through two edges, a cluster of three and three shippers, all of them killed, are in S3 once each`,
  { timeout: (LONG ? 40 : 8) * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    await using nats = await Nats.start({ servers: 3 });
    const logs = await Promise.all(EDGES.map((name) => work.write(`${name}.log`, "")));
    const edgeFiles = await Promise.all(EDGES.map((name) => edge(work, nats, name)));
    const edges = EDGES.map((name, index) => new Victim(work, name, edgeFiles[index] as string));
    const made = () => nats.stream("logs");
    await until(made, "the stream to be made", 5 * MINUTES).catch((error: unknown) => {
      throw new Error(edges.map(({ log }) => log.slice(-2000)).join("\n"), { cause: error });
    });
    const stores = await Promise.all(SHIPPERS.map(() => SlowStore.start(store, SLOWNESS)));
    await using ends = new AsyncDisposableStack();
    for (const one of stores) ends.use(one);
    const shipFiles = await Promise.all(
      SHIPPERS.map((name, index) => shipper(work, nats, stores[index] as SlowStore, name)),
    );
    const shippers = SHIPPERS.map((name, index) => new Victim(work, name, shipFiles[index] as string));
    const written = new AbortController();
    const killing = killAtTheWorst(shippers, stores, written.signal);
    const isShipped = async (lines: number) => {
      const state = await nats.stream("logs");
      const [group] = state?.consumers ?? [];
      return state?.messages === lines && group?.pending === 0 && group.unacknowledged === 0;
    };
    const traffic = openTraffic("nginx", { seed: 9 });
    for (let block = 0; block < BLOCKS; block++) {
      await appendFile(logs[block % 2] as string, traffic.block(BLOCK));
      await sleep(100);
      // Goes on when some of it has cost a shipper its life, or all of it went through between two kills.
      const enough = async () => killing.kills.count > block / 6 || (await isShipped((block + 1) * BLOCK));
      if (block % 6 === 5) await until(enough, "the next kill", 5 * MINUTES);
      if (block % 15 === 14) await edges[Math.floor(Math.random() * edges.length)]?.kill();
      if (block === 20) await nats.kill(1);
      if (block === 40) await nats.restart(1);
    }
    written.abort();
    await killing.done;
    await until(() => isShipped(LINES), "everything to be acknowledged", (LONG ? 30 : 5) * MINUTES);
    for (const victim of [...edges, ...shippers]) await victim.end();
    const { objects, ...found } = await findLines(store, "fleet", work.path("got"), logs);
    const again = shippers.map(({ log }) => foundStored(log)).reduce((sum, n) => sum + n);
    const kills = (victims: readonly Victim[]) => victims.map((victim) => victim.kills);
    process.stdout.write(
      `${LINES} events in ${objects} objects; kills of edges ${kills(edges).join(", ")}, of shippers ${kills(shippers).join(", ")}, of a server 1; ${again} came again and were stored, ${found.twice} are stored twice\n`,
    );
    expect(found).toEqual({ missing: 0, wrong: 0, twice: 0, events: LINES, ids: LINES });
    // Else no shipper was killed between what it had stored and its acknowledgements, and this has shown nothing.
    expect(again).toBeGreaterThan(0);
    expect(await store.client.openUploads("fleet")).toEqual([]);
  },
);
