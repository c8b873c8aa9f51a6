import { appendFile, chmod, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Graylog, requireDebian, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { DaemontoolsService } from "../support/daemontools.ts";
import { expectEveryLine } from "../support/ledger.ts";
import { readObjects } from "../support/objects.ts";
import { until } from "../support/wait.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

const ready = requireDebian(["daemontools:svscan"]) && process.getuid?.() === 0;
const LINES_AT_ONCE = 200;
const KILLS = 5;
const LABORATORY_KEY = /^access\.(\d{4}-\d\d-\d\d-\d\d:\d\d:00)\/access\.\1\.log\.[a-z]{2,}$/;

/** Appends lines until it is told to stop; resolves with their number. */
function grow(file: string): { stop(): Promise<number> } {
  const traffic = openTraffic("nginx", { seed: 7 });
  const end = new AbortController();
  let lines = 0;
  const grown = (async () => {
    for (; !end.signal.aborted; lines += LINES_AT_ONCE) {
      await appendFile(file, traffic.block(LINES_AT_ONCE));
      await sleep(20);
    }
  })();
  return {
    stop: async () => {
      end.abort();
      await grown;
      return lines;
    },
  };
}

test.runIf(ready)(
  "under supervise: stopped, started, killed, and every line arrives",
  { timeout: 300_000 },
  async () => {
    await using work = await Workspace.create();
    await chmod(work.dir, 0o755);
    const graylog = await Graylog.start();
    const log = await work.write("access.log", "");
    const pipeline = await work.write("p.yaml", filesToGelf(log, graylog.address));
    await using service = new DaemontoolsService(work.dir);
    await service.makeOwned(work.path("state"));
    const growing = grow(log);
    const arrived = async (): Promise<number> => (await graylog.accepted()).length;
    try {
      await service.install({ SLUICE_PIPELINES: pipeline, SLUICE_STATE_DIR: work.path("state") });
      await until(arrived, "lines to arrive");

      await service.svc("-d");
      await until(async () => (await service.status()).startsWith("down"), "svc -d to stop it");
      expect((await service.log()).join("\n")).toMatch(/draining[\s\S]*ledger of test: in (\d+) = delivered \1 /);

      const atRest = await arrived();
      await service.svc("-u");
      await until(async () => (await arrived()) > atRest, "lines after svc -u");

      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(Math.random() * 1000);
        await service.restart("-k");
      }
      await service.restart("-t");
      await service.restart("-k", "log");

      const lines = await growing.stop();
      const offsets = async () => new Set((await graylog.accepted()).map((message) => message["_log_offset"]));
      await until(async () => (await offsets()).size === lines, "every line to arrive", 120_000);
      await service.svc("-d");
      await until(async () => (await service.status()).startsWith("down"), "svc -d to stop it");
      const { duplicates } = expectEveryLine(await graylog.accepted(), await readFile(log));
      process.stdout.write(
        `supervise: ${lines} lines, ${KILLS} kills, 0 missing, ${duplicates} repeated with their own id\n`,
      );
      // Stays up while sluice is down, and has the last word of it.
      expect(await service.status("log")).toMatch(/^up /);
      expect((await service.log()).at(-1)).toContain("ledger of test: ");
    } finally {
      await growing.stop();
      await graylog.stop();
    }
  },
);

test.runIf(ready && requireObjectStore())(
  "the Laboratory's service: its bucket holds each request once, however supervise ends sluice",
  { timeout: 300_000 },
  async () => {
    await using work = await Workspace.create();
    await chmod(work.dir, 0o755);
    await using store = await startObjectStore();
    const log = await work.write("access.log", "");
    await using service = new DaemontoolsService(work.dir);
    await service.makeOwned(work.path("state"));
    const growing = grow(log);
    try {
      await service.install({
        ...store.environment(),
        AWS_ENDPOINT_URL: store.endpoint,
        SLUICE_PIPELINES: work.path("etc/requests.yaml"),
        SLUICE_STATE_DIR: work.path("state"),
        REQUEST_LOG: log,
        MAX_AGE: "500ms",
      });
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(Math.random() * 3000);
        await service.restart("-k");
      }
      await service.restart("-t");
      const lines = await growing.stop();
      const objects = () => readObjects(store, "35.167.147.111-logs", work.path("got"));
      const stored = async () => [...(await objects()).values()].flatMap((object) => linesOf(object));
      // The bucket is made with the first object, and a listing may be older than what is there.
      const arrived = async () => (await stored().catch(() => [])).length >= lines;
      await until(arrived, "every line to arrive", 120_000);
      await service.svc("-d");
      await until(async () => (await service.status()).startsWith("down"), "svc -d to stop it");
      const [got, sent] = [(await stored()).sort(), linesOf(await readFile(log)).sort()];
      expect({ lines: got.length, first: got.find((line, i) => line !== sent[i]) }).toEqual({
        lines,
        first: undefined,
      });
      for (const key of (await objects()).keys()) expect(key).toMatch(LABORATORY_KEY);
      expect(await store.client.openUploads("35.167.147.111-logs")).toEqual([]);
      process.stdout.write(
        `supervise: ${lines} lines, ${KILLS} kills, each once in ${(await objects()).size} objects\n`,
      );
    } finally {
      await growing.stop();
    }
  },
);

function linesOf(text: Buffer): string[] {
  return text.toString("latin1").split("\n").slice(0, -1);
}
