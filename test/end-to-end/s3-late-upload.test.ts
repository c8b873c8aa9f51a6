import { readFile } from "node:fs/promises";
import { openTraffic } from "@sluice/generate";
import { requireObjectStore, startObjectStore, startTcpProxy } from "@sluice/testkit";
import { expect, test } from "vitest";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
/** How long a request stays in the network: longer than sluice takes to start and to store everything. */
const LATE_MS = 20_000;

test.runIf(requireObjectStore())(
  "an upload that a killed sluice asked for, and that begins only after the next run, is aborted by the one after",
  { timeout: 5 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    await store.client.makeBucket("late");
    const { hostname, port } = new URL(store.endpoint);
    const proxy = await startTcpProxy(Number(port), hostname);
    const log = await work.write("access.log", openTraffic("nginx", { seed: 7 }).block(30_000));
    const sink = s3Options(store, "late").replace(store.endpoint, `http://127.0.0.1:${proxy.port}`);
    const file = await work.write(
      "p.yaml",
      `name: web
sources:
  access: {type: file, include: ['${log}']}
sinks:
  archive: {${sink}, compression: none, part_size: 5MiB}
`,
    );
    const start = () => startSluice(["run", file, "--state-dir", work.path("state"), "--until-eof"]);
    let isUnderWay = false;
    proxy.faults.delay = (chunk) => {
      const begins = /^POST \S*\?uploads/.test(chunk.toString("latin1", 0, 1000));
      isUnderWay ||= begins;
      return begins ? LATE_MS : 0;
    };
    const killed = start();
    await until(() => isUnderWay, "an upload to be asked for");
    await killed.kill("SIGKILL");
    proxy.faults.delay = 0;
    const next = start();
    expect(await next.ended, next.stderr()).toBe(0);
    await until(async () => (await store.client.openUploads("late")).length === 1, "the late request to arrive");
    const last = start();
    expect(await last.ended, last.stderr()).toBe(0);
    expect(await store.client.openUploads("late")).toEqual([]);
    const objects = await readObjects(store, "late", work.path("got"));
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
    await proxy.close();
  },
);
