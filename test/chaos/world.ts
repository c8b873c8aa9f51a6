import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  DockerEngine,
  Graylog,
  type ObjectStore,
  requireDocker,
  startObjectStore,
  startTcpProxy,
  type TcpProxy,
} from "@sluice/testkit";
import { freePort } from "../support/network.ts";
import type { Dice } from "./dice.ts";
import { Sluice } from "./sluice.ts";
import { StateDisk } from "./state-disk.ts";
import { FileWriter, TcpWriter } from "./writers.ts";

export const BUCKET = "chaos";
/** Another address of this machine that the far end's name may lead to. */
const ELSEWHERE = "127.0.0.2";

export interface WorldOptions {
  readonly dir: string;
  readonly dice: Dice;
  /** Lines a second of each source. */
  readonly rate: number;
  readonly docker: boolean;
}

/** What a run under faults consists of: three sources, one sluice, two far ends with proxies before them. */
export interface World {
  readonly dir: string;
  readonly dice: Dice;
  readonly disk: StateDisk;
  readonly sluice: Sluice;
  readonly graylog: Graylog;
  readonly store: ObjectStore;
  /** Before Graylog, and before the store. */
  readonly gelf: TcpProxy;
  readonly s3: TcpProxy;
  readonly file: FileWriter;
  readonly tcp: TcpWriter;
  readonly docker: DockerEngine | undefined;
  close(): Promise<void>;
}

/** Starts everything, and returns once sluice runs. */
export async function startWorld({ dir, dice, rate, docker: wantsDocker }: WorldOptions): Promise<World> {
  const disk = new StateDisk(dir);
  const store = await startObjectStore();
  await store.client.makeBucket(BUCKET);
  const graylog = await Graylog.start();
  const gelf = await startTcpProxy(graylog.port);
  const elsewhere = await startTcpProxy(graylog.port, "127.0.0.1", { host: ELSEWHERE, port: gelf.port });
  const { hostname, port } = new URL(store.endpoint);
  const s3 = await startTcpProxy(Number(port), hostname);
  const docker = wantsDocker && requireDocker() ? await startEngine() : undefined;
  const tcpPort = await freePort();
  const log = join(dir, "app.log");
  writeFileSync(log, "");
  const pipelines = writePipelines({ dir, log, tcpPort, gelf, s3, store, docker });
  const sluice = new Sluice(["run", pipelines, "--state-dir", disk.stateDir, "--http", "off", "--drain", "5s"], dir);
  const file = new FileWriter(log, rate, dice);
  const tcp = new TcpWriter(tcpPort, rate);
  const close = async (): Promise<void> => {
    file.stop();
    tcp.stop();
    if (sluice.alive) await sluice.kill();
    await Promise.all([gelf.close(), elsewhere.close(), s3.close(), graylog.stop(), store.stop(), docker?.stop()]);
    disk[Symbol.dispose]();
  };
  await sluice.untilRunning();
  file.start();
  tcp.start();
  return { dir, dice, disk, sluice, graylog, store, gelf, s3, file, tcp, docker, close };
}

/** Prints numbered lines until somebody makes a file. */
const CONTAINER = `n=0; while [ ! -e /stop ]; do n=$((n+1)); echo "from=docker n=$n xxxxxxxxxxxxxxxxxxxx"; [ $((n % 5)) = 0 ] && sleep 0.1; done; exec sleep 100000`;

async function startEngine(): Promise<DockerEngine> {
  const engine = await DockerEngine.start({ config: { "live-restore": true } });
  await engine.run(CONTAINER, "--name", "chatter");
  return engine;
}

interface Places {
  readonly dir: string;
  readonly log: string;
  readonly tcpPort: number;
  readonly gelf: TcpProxy;
  readonly s3: TcpProxy;
  readonly store: ObjectStore;
  readonly docker: DockerEngine | undefined;
}

/** One pipeline for each source: files with one far end behind a disk buffer, sockets with both. */
function writePipelines({ dir, log, tcpPort, gelf, s3, store, docker }: Places): string {
  const retry = "retry: {initial: 50ms, max: 1s}";
  const buffer = "buffer: {type: disk, size: 8MiB}";
  const graylog = `graylog: {type: gelf, address: 'tcp://graylog.test:${gelf.port}', connect_timeout: 3s, stall_timeout: 5s, ${retry}, ${buffer}}`;
  const access = `access_key_id: ${store.accessKey}, secret_access_key: ${store.secretKey}`;
  const archive = (more = "") =>
    `archive: {type: s3, bucket: ${BUCKET}, endpoint: 'http://127.0.0.1:${s3.port}', ${access}, max_age: 1s, request_timeout: 3s, ${retry}${more}}`;
  const pipeline = (name: string, source: string, s3sink: string) =>
    `name: ${name}\nsources:\n  in: {${source}}\nsteps: []\nsinks:\n  ${graylog}\n  ${s3sink}\n`;
  const pipelines = join(dir, "pipelines");
  mkdirSync(pipelines);
  const write = (name: string, text: string) => writeFileSync(join(pipelines, `${name}.yaml`), text);
  write(
    "files",
    pipeline("files", `type: file, include: ['${log}*'], poll_interval: 50ms, read_chunk: 16KiB`, archive()),
  );
  write("net", pipeline("net", `type: tcp, address: '127.0.0.1:${tcpPort}'`, archive(`, ${buffer}`)));
  if (docker)
    write("containers", pipeline("containers", `type: docker_logs, host: 'unix://${docker.socket}'`, archive()));
  return pipelines;
}

/** Mends everything that a fault may have left broken. */
export async function heal({ gelf, s3, graylog, store, disk, sluice }: World): Promise<void> {
  for (const { faults } of [gelf, s3]) Object.assign(faults, WHOLE);
  disk.makeRoom();
  sluice.setNames("127.0.0.1 localhost graylog.test");
  await graylog.setFault("none").catch(() => graylog.restart());
  store.resume();
}

const WHOLE = { delay: 0, trickle: 0, blackHole: false, cutAfter: Number.POSITIVE_INFINITY, refuse: false };

export const pause = (ms: number): Promise<void> => sleep(ms);
