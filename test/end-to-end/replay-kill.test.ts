import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { openTraffic } from "@sluice/generate";
import { Graylog } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ledgerIn, linesOf } from "../support/archives.ts";
import type { Message } from "../support/ledger.ts";
import { runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const KILLS = 20;
const LINES = 240_000;
const MINUTES = 60_000;

/** Checks that each line arrived, and that a repeat is the same line with the same id. */
function expectEachLine(messages: readonly Message[], lines: readonly string[]): number {
  const byId = new Map<unknown, unknown>();
  const textOf = (message: Message) => message["full_message"] ?? message["short_message"];
  const wrongIds = messages.filter((message) => {
    const known = byId.get(message["_event_id"]);
    byId.set(message["_event_id"], textOf(message));
    return known !== undefined && known !== textOf(message);
  });
  expect(wrongIds).toEqual([]);
  const arrived = new Set(byId.values());
  const missing = new Set(lines.filter((line) => !arrived.has(line)));
  expect({ missing: missing.size, events: byId.size }).toEqual({ missing: 0, events: lines.length });
  return messages.length - byId.size;
}

test(`kill -9 of a replay at ${KILLS} random moments, resumed each time, loses nothing`, {
  timeout: 6 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  try {
    const traffic = openTraffic("nginx", { seed: 3 });
    const parts = [1, 2, 3, 4].map(() => traffic.block(LINES / 4));
    const [a, b, c, d] = parts as [Buffer, Buffer, Buffer, Buffer];
    await mkdir(work.path("logs"));
    await work.write("logs/access.log.3.gz", gzipSync(a));
    await work.write("logs/access.log.2.zst", zstdCompressSync(b));
    await work.write("logs/access.log.1", c);
    await work.write("logs/access.log", d);
    const pipeline = await work.write(
      "p.yaml",
      `name: web\nsteps: [{parse: nginx}]\nsinks: {graylog: {type: gelf, address: '${graylog.address}'}}\n`,
    );
    const args = ["replay", work.path("logs"), "--pipeline", pipeline, "--state-dir", work.path("state"), "--resume"];
    for (let kills = 0; kills < KILLS; kills++) {
      // Slow enough for all the kills to come before the end.
      const running = startSluice([...args, "--rate", "30000/s"]);
      await until(() => running.stderr().includes('"replaying"'), "the replay to run");
      await sleep(Math.random() * 400);
      await running.kill("SIGKILL");
    }
    const { code, stderr } = await runSluice(args);
    expect(code).toBe(0);
    // Its own part alone: the runs before it have delivered the rest.
    expect(ledgerIn(stderr)).toMatch(/^in [1-9]\d* = delivered \d+ \+ dropped 0 \+ buffered 0$/);
    const repeats = expectEachLine(
      await graylog.accepted(),
      parts.flatMap((part) => linesOf(part.toString())),
    );
    process.stdout.write(`${KILLS} kills of a replay: 0 lines missing, ${repeats} repeated with their own id\n`);
  } finally {
    await graylog.stop();
  }
});
