import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { expectEveryLine } from "../support/ledger.ts";
import { memoryOf } from "../support/memory.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

const LINES = 300_000;
const PAUSE_MS = 10_000;
const MAX_MEMORY_MB = 200;

/** How far a process has read a file, from its open descriptors' positions and its I/O counters. */
async function bytesRead(pid: number): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile(`/proc/${pid}/io`, "utf8"))?.[1]);
}

test("a receiver that stops stops the source, not the memory, and everything arrives afterwards", {
  timeout: 240_000,
}, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  const log = await work.write("access.log", openTraffic("nginx", { seed: 11 }).block(LINES));
  const pipeline = await work.write("p.yaml", filesToGelf(log, graylog.address));
  const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--workers", "2", "--until-eof"]);
  try {
    await until(async () => (await graylog.connections()) > 1, "the flow to start");
    graylog.pause();
    await sleep(PAUSE_MS / 2);
    const before = await bytesRead(sluice.pid);
    await sleep(PAUSE_MS / 2);
    expect((await bytesRead(sluice.pid)) - before).toBeLessThan(8 * 1024 * 1024);
    expect(await memoryOf(sluice.pid, "VmHWM")).toBeLessThan(MAX_MEMORY_MB);
    graylog.resume();
    const peak = until(async () => memoryOf(sluice.pid, "VmHWM").catch(() => 1), "its memory");
    expect(await sluice.ended).toBe(0);
    expect(await peak).toBeLessThan(MAX_MEMORY_MB);
    expectEveryLine(await graylog.accepted(), await readFile(log));
  } finally {
    graylog.resume();
    await sluice.kill("SIGKILL");
    await graylog.stop();
  }
});
