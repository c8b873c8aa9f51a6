import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Graylog, requireObjectStore, startObjectStore, startTcpProxy } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ledgerIn } from "../support/archives.ts";
import { expectEveryLine } from "../support/ledger.ts";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const ROUNDS = process.env["SLUICE_LONG_TESTS"] ? 120 : 12;
const LINES_A_ROUND = 4000;

test.runIf(requireObjectStore())(
  "disk buffers: while one far end is dead the other gets everything",
  { timeout: 10 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    const graylog = await Graylog.start();
    await graylog.kill();
    const log = await work.write("a.log", openTraffic("nginx", { seed: 1 }).block(20_000));
    const s3 = s3Options(store, "archive");
    const file = await work.write(
      "p.yaml",
      `name: web
sources:
  access: {type: file, include: ['${log}'], poll_interval: 50ms}
steps:
  - parse: nginx
sinks:
  graylog: {type: gelf, address: '${graylog.address}', buffer: {type: disk, size: 64MiB}, retry: {max: 500ms}}
  archive: {${s3}, create_bucket: true, max_age: 200ms}
`,
    );
    const args = ["run", file, "--state-dir", work.path("state"), "--http", "off"];
    const first = startSluice(args);
    const stored = async () => (await readObjects(store, "archive", work.path("first")).catch(() => new Map())).size;
    await until(stored, "the archive to be stored while Graylog is dead");
    // All of it is on disk for Graylog: sluice may be killed, and the file may go.
    await until(async () => {
      const bytes = [...(await readObjects(store, "archive", work.path("first"))).values()];
      return bytes.reduce((sum, text) => sum + text.toString().split("\n").length - 1, 0) === 20_000;
    }, "all lines in the archive");
    expect(await first.kill("SIGTERM"), first.stderr()).toBe(0);
    expect(ledgerIn(first.stderr())).toBe("in 20000 = delivered 0 + dropped 0 + buffered 20000");
    await graylog.restart();
    const second = startSluice([...args, "--until-eof"]);
    expect(await second.ended, second.stderr()).toBe(0);
    expect(second.stderr()).toContain("in 0 + buffered before 20000 = delivered 20000 + dropped 0 + buffered 0");
    expectEveryLine(await graylog.accepted(), await readFile(log));
    const objects = await readObjects(store, "archive", work.path("got"));
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
    await graylog.stop();
  },
);

test.runIf(requireObjectStore())(
  `disk buffers before both sinks: ${ROUNDS} kills of sluice, of Graylog, of the network, then each line is in S3 once and in Graylog`,
  { timeout: 30 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    const { hostname, port } = new URL(store.endpoint);
    const proxy = await startTcpProxy(Number(port), hostname);
    const graylog = await Graylog.start();
    const log = await work.write("a.log", "");
    const s3 = s3Options(store, "archive").replace(store.endpoint, `http://127.0.0.1:${proxy.port}`);
    const file = await work.write(
      "p.yaml",
      `name: web
sources:
  access: {type: file, include: ['${log}'], poll_interval: 50ms, read_chunk: 64KiB}
steps:
  - parse: nginx
sinks:
  graylog: {type: gelf, address: '${graylog.address}', buffer: {type: disk, size: 64MiB}, retry: {initial: 50ms, max: 500ms}}
  archive: {${s3}, create_bucket: true, key: '{prefix}{date}/{HH}/{position}.{ext}', max_age: 200ms, buffer: {type: disk, size: 64MiB, compression: zstd}, retry: {initial: 50ms, max: 500ms}}
`,
    );
    const args = ["run", file, "--state-dir", work.path("state"), "--http", "off"];
    const traffic = openTraffic("nginx", { seed: 5 });
    for (let round = 0; round < ROUNDS; round++) {
      const sluice = startSluice(args);
      await until(() => sluice.stderr().includes('"running"'), "sluice to run");
      await appendFile(log, traffic.block(LINES_A_ROUND));
      if (round % 3 === 0) await graylog.restart();
      if (round % 3 === 1) await graylog.kill();
      proxy.faults.refuse = round % 4 === 2;
      proxy.reset();
      await sleep(Math.random() * 1000);
      if (round % 5 === 4) expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
      else await sluice.kill("SIGKILL");
    }
    proxy.faults.refuse = false;
    await graylog.restart();
    const last = startSluice([...args, "--until-eof"]);
    expect(await last.ended, last.stderr()).toBe(0);
    const books = ledgerIn(last.stderr()) ?? "";
    expect(books).toMatch(/ dropped 0 \+ buffered 0$/);
    const text = await readFile(log);
    const { duplicates } = expectEveryLine(await graylog.accepted(), text);
    const objects = await readObjects(store, "archive", work.path("got"));
    expectEachLineOnce(objects.values(), new Map([[log, text]]));
    expect(await store.client.openUploads("archive")).toEqual([]);
    process.stdout.write(`${ROUNDS} rounds: ${objects.size} objects, ${duplicates} repeats in Graylog\n`);
    await proxy.close();
    await graylog.stop();
  },
);
