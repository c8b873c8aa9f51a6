import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Nats, type ObjectStore, requireDebian, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { readObjects, s3Options } from "../support/objects.ts";
import { type Running, startSluice } from "../support/process.ts";
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

function shipper(work: Workspace, nats: Nats, store: ObjectStore, name: string): Promise<string> {
  return work.write(
    `${name}.yaml`,
    `name: ${name}
sources: {fleet: {type: nats, servers: '${nats.servers.join(",")}', stream: logs, ack_wait: 6s, request_timeout: 2s}}
sinks:
  archive: {${s3Options(store, "fleet")}, create_bucket: true, max_age: 500ms, retry: {initial: 50ms, max: 1s}}
`,
  );
}

/** A sluice that is killed and started again at random. */
class Victim {
  readonly #args: readonly string[];
  #sluice: Running;
  kills = 0;

  get log(): string {
    return this.#sluice.stderr().slice(-2000);
  }

  constructor(work: Workspace, name: string, file: string) {
    this.#args = ["run", file, "--state-dir", work.path(`state-${name}`), "--workers", "1"];
    this.#sluice = startSluice(this.#args);
  }

  async kill(): Promise<void> {
    await this.#sluice.kill("SIGKILL");
    this.kills++;
    this.#sluice = startSluice(this.#args);
  }

  async end(): Promise<void> {
    expect(await this.#sluice.kill("SIGTERM"), this.#sluice.stderr()).toBe(0);
  }
}

test.runIf(requireDebian(["nats-server"]) && requireObjectStore())(
  `${LINES} events through two edges, a cluster of three and three shippers, all of them killed, are all in S3`,
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
      throw new Error(edges.map(({ log }) => log).join("\n"), { cause: error });
    });
    const shipFiles = await Promise.all(SHIPPERS.map((name) => shipper(work, nats, store, name)));
    const shippers = SHIPPERS.map((name, index) => new Victim(work, name, shipFiles[index] as string));
    const victims = [...edges, ...shippers];
    const traffic = openTraffic("nginx", { seed: 9 });
    for (let block = 0; block < BLOCKS; block++) {
      await appendFile(logs[block % 2] as string, traffic.block(BLOCK));
      await sleep(100);
      if (block % 6 === 5) await victims[Math.floor(Math.random() * victims.length)]?.kill();
      if (block === 20) await nats.kill(1);
      if (block === 40) await nats.restart(1);
    }
    const isDone = async () => {
      const state = await nats.stream("logs");
      const [group] = state?.consumers ?? [];
      return state?.messages === LINES && group?.pending === 0 && group.unacknowledged === 0;
    };
    await until(isDone, "everything to be acknowledged", (LONG ? 30 : 5) * MINUTES);
    for (const victim of victims) await victim.end();
    const objects = await readObjects(store, "fleet", work.path("got"));
    const found = new Map<string, number>();
    const ids = new Map<string, string>();
    let wrong = 0;
    for (const object of objects.values()) {
      for (const line of object.toString().split("\n").filter(Boolean)) {
        const event = JSON.parse(line) as Record<string, unknown>;
        const place = `${String(event["log.file.path"])}:${String(event["log.offset"])}`;
        found.set(place, (found.get(place) ?? 0) + 1);
        const id = String(event["event.id"]);
        if ((ids.get(place) ?? id) !== id) wrong++;
        ids.set(place, id);
      }
    }
    let missing = 0;
    for (const log of logs) {
      const text = await readFile(log);
      for (let at = 0; at < text.length; at = text.indexOf(10, at) + 1) if (!found.has(`${log}:${at}`)) missing++;
    }
    const twice = [...found.values()].filter((times) => times > 1).length;
    const kills = victims.map((victim) => victim.kills);
    process.stdout.write(
      `${LINES} events in ${objects.size} objects; kills of edges ${kills.slice(0, 2).join(", ")}, of shippers ${kills.slice(2).join(", ")}, of a server 1; ${twice} stored twice\n`,
    );
    expect({ missing, wrong, events: found.size, ids: new Set(ids.values()).size }).toEqual({
      missing: 0,
      wrong: 0,
      events: LINES,
      ids: LINES,
    });
    // Only what a shipper had stored and not acknowledged when it was killed is stored again, by another one.
    if (kills.slice(2).every((n) => n === 0)) expect(twice).toBe(0);
    expect(await store.client.openUploads("fleet")).toEqual([]);
  },
);
