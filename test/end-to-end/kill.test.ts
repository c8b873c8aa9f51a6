import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { expectEveryLine, expectOrder } from "../support/ledger.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

const LINES = process.env["SLUICE_LONG_TESTS"] === undefined ? 100_000 : 200_000;
const KILLS = 20;
const MINUTES = 60_000;

/** Appends lines bit by bit, some of them in two writes, until the file has all of them or the kills are done. */
async function grow(file: string, isEnough: () => boolean): Promise<void> {
  const traffic = openTraffic("nginx", { seed: 5 });
  for (let written = 0; written < LINES; ) {
    const count = isEnough() ? Math.min(20_000, LINES - written) : Math.min(1000, LINES - written - 1000);
    if (count > 0) {
      const block = traffic.block(count);
      const cut = Math.floor(Math.random() * block.length);
      await appendFile(file, block.subarray(0, cut));
      await appendFile(file, block.subarray(cut));
      written += count;
    }
    await sleep(40);
  }
}

test(`kill -9 of sluice at ${KILLS} random moments loses nothing`, { timeout: 8 * MINUTES }, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  try {
    const log = await work.write("access.log", "");
    const pipeline = await work.write("p.yaml", filesToGelf(log, graylog.address));
    const args = ["run", pipeline, "--state-dir", work.path("state"), "--workers", "2"];
    let kills = 0;
    const growing = grow(log, () => kills >= KILLS);
    for (; kills < KILLS; kills++) {
      const sluice = startSluice(args);
      await until(() => sluice.stderr().includes('"running"'), "sluice to run");
      await sleep(Math.random() * 500);
      await sluice.kill("SIGKILL");
    }
    await growing;
    expect(await startSluice([...args, "--until-eof"]).ended).toBe(0);
    const messages = await graylog.accepted();
    const { duplicates } = expectEveryLine(messages, await readFile(log));
    // A kill may cut a frame in two, and GELF has no way to take half a frame back; the whole one follows.
    const torn = new Set((await graylog.rejected()).map(({ reason }) => reason));
    expect([...torn].filter((reason) => reason !== "invalid JSON")).toEqual([]);
    process.stdout.write(`${kills} kills of sluice: 0 lines missing, ${duplicates} repeated with their own id\n`);
  } finally {
    await graylog.stop();
  }
});

test(`kill -9 of the receiver at ${KILLS} random moments loses nothing`, { timeout: 8 * MINUTES }, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  try {
    const log = await work.write("access.log", "");
    const pipeline = await work.write(
      "p.yaml",
      filesToGelf(log, graylog.address, "nginx", ", retry: {initial: 50ms, max: 500ms}"),
    );
    const args = ["run", pipeline, "--state-dir", work.path("state"), "--workers", "2"];
    const sluice = startSluice(args);
    let kills = 0;
    const growing = grow(log, () => kills >= KILLS);
    for (; kills < KILLS; kills++) {
      await sleep(100 + Math.random() * 500);
      await graylog.kill();
      await sleep(Math.random() * 200);
      await graylog.restart();
    }
    await growing;
    // Ends what is running and reads the rest in a second life.
    expect(await sluice.kill("SIGTERM")).toBe(0);
    expect(await startSluice([...args, "--until-eof"]).ended).toBe(0);
    const messages = await graylog.accepted();
    const { duplicates } = expectEveryLine(messages, await readFile(log));
    process.stdout.write(`${kills} kills of the receiver: 0 lines missing, ${duplicates} repeated with their own id\n`);
  } finally {
    await graylog.stop();
  }
});

test("without faults every line arrives once, in order", { timeout: 4 * MINUTES }, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  try {
    const log = await work.write("access.log", openTraffic("nginx", { seed: 9 }).block(LINES));
    const pipeline = await work.write("p.yaml", filesToGelf(log, graylog.address));
    const sluice = startSluice(["run", pipeline, "--state-dir", work.path("state"), "--until-eof"]);
    expect(await sluice.ended).toBe(0);
    const messages = await graylog.accepted();
    expect(expectEveryLine(messages, await readFile(log))).toEqual({ duplicates: 0 });
    expectOrder(messages);
    expect(sluice.stderr()).toContain(`in ${LINES} = delivered ${LINES} + dropped 0 + buffered 0`);
  } finally {
    await graylog.stop();
  }
});
