import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram, Graylog, Nginx, requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { expectOrder, type Message } from "../support/ledger.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

const ready = requireDebian(["nginx-light:nginx", "logrotate"]);
const ROTATIONS = 6;
const PAUSE_MS = 1500;

interface Outcome {
  readonly sent: number;
  readonly messages: Message[];
  /** Requests that are on disk in any of the log's copies. */
  readonly onDisk: Set<number>;
  readonly rotatedFiles: number;
}

/** Runs nginx under load with a logrotate every few seconds, and sluice beside it. */
async function rotateUnderLoad(directives: string): Promise<Outcome> {
  await using work = await Workspace.create();
  const nginx = await Nginx.start(work.path("nginx"));
  const graylog = await Graylog.start();
  const config = await work.write(
    "logrotate.conf",
    `${nginx.accessLog} { su root root\n rotate 100\n size 1\n missingok\n ${directives.replace("PID", `${nginx.dir}/nginx.pid`)}\n}\n`,
  );
  const pipeline = await work.write("p.yaml", filesToGelf(nginx.accessLog, graylog.address));
  const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state")]);
  try {
    await until(() => sluice.stderr().includes('"running"'), "sluice to run");
    const load = startLoad(nginx);
    for (let i = 0; i < ROTATIONS; i++) {
      await sleep(PAUSE_MS);
      execFileSync(findProgram("logrotate") as string, ["-f", "-s", work.path("status"), config]);
    }
    const sent = await load.stop();
    const onDisk = requestsOnDisk(nginx.accessLog);
    await until(async () => containsAll(await graylog.accepted(), onDisk), "every request on disk", 120_000);
    expect(await sluice.kill()).toBe(0);
    const rotatedFiles = globSync(`${nginx.accessLog}.*`).length;
    return { sent, messages: await graylog.accepted(), onDisk, rotatedFiles };
  } finally {
    await sluice.kill("SIGKILL");
    await graylog.stop();
    await nginx.stop();
  }
}

function startLoad(nginx: Nginx): { stop(): Promise<number> } {
  let sent = 0;
  const end = new AbortController();
  const client = async (): Promise<void> => {
    while (!end.signal.aborted) await nginx.get(`/r/${sent++}?of=load`);
  };
  const clients = Array.from({ length: 4 }, client);
  return {
    stop: async () => {
      end.abort();
      await Promise.all(clients);
      return sent;
    },
  };
}

function requestsOnDisk(accessLog: string): Set<number> {
  const files = globSync([accessLog, `${accessLog}.*`]);
  return new Set(
    files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(/"GET \/r\/(\d+)/g)].map((m) => Number(m[1]))),
  );
}

const requestNumber = (message: Message): number => Number(String(message["_url_path"]).slice("/r/".length));

function containsAll(messages: readonly Message[], wanted: ReadonlySet<number>): boolean {
  const arrived = new Set(messages.map(requestNumber));
  return [...wanted].every((n) => arrived.has(n));
}

test.runIf(ready)(
  "nginx under load, rotated with create: every request once, in order",
  { timeout: 240_000 },
  async () => {
    const directives = "create\n postrotate\n kill -USR1 $(cat PID)\n endscript";
    const { sent, messages, rotatedFiles } = await rotateUnderLoad(directives);
    expect(rotatedFiles).toBe(ROTATIONS);
    const numbers = messages.map(requestNumber).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: sent }, (_, n) => n));
    expectOrder(messages);
  },
);

test.runIf(ready)(
  "nginx under load, rotated with copytruncate: only what was written between copy and truncation is missing",
  { timeout: 240_000 },
  async () => {
    const { sent, messages, onDisk } = await rotateUnderLoad("copytruncate");
    const numbers = messages.map(requestNumber);
    expect(new Set(numbers).size).toBe(numbers.length);
    const arrived = new Set(numbers);
    const missing = Array.from({ length: sent }, (_, n) => n).filter((n) => !arrived.has(n));
    expect(missing.filter((n) => onDisk.has(n))).toEqual([]);
    expectOrder(messages);
    process.stdout.write(
      `copytruncate: ${sent} requests, ${missing.length} lost between copy and truncation by logrotate\n`,
    );
  },
);
