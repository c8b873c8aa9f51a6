import { appendFile, readFile, realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { Graylog, requireDebian, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ledgerIn } from "../support/archives.ts";
import { expectEveryLine } from "../support/ledger.ts";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";
import { type DiskFault, FailingDisk } from "./failing-disk.ts";

const MINUTES = 60_000;
const ROUNDS: readonly (readonly [DiskFault, NodeJS.Signals])[] = [
  ["sync", "SIGKILL"],
  ["write", "SIGTERM"],
  ["short", "SIGKILL"],
  ["sync", "SIGTERM"],
  ["write", "SIGKILL"],
];
const canRun = requireObjectStore() && requireDebian(["gcc"]);

test.runIf(canRun)(
  "the state's disk fails to sync and to write, sluice is killed or stopped: each line is in S3 once and in Graylog",
  { timeout: 15 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    const graylog = await Graylog.start();
    const state = await realpath(await work.directory("state"));
    const disk = new FailingDisk(work.dir, state);
    const log = await work.write("a.log", "");
    const s3 = s3Options(store, "archive");
    const file = await work.write(
      "p.yaml",
      `name: web
sources:
  access: {type: file, include: ['${log}'], poll_interval: 50ms, read_chunk: 64KiB}
steps:
  - parse: nginx
sinks:
  graylog: {type: gelf, address: '${graylog.address}', buffer: {type: disk, size: 64MiB}, retry: {initial: 50ms, max: 500ms}}
  archive: {${s3}, create_bucket: true, key: '{prefix}{date}/{HH}/{position}.{ext}', max_age: 200ms, buffer: {type: disk, size: 64MiB}, retry: {initial: 50ms, max: 500ms}}
`,
    );
    // What the disk keeps from being delivered is given up soon, and read again.
    const args = ["run", file, "--state-dir", state, "--http", "off", "--drain", "5s"];
    const traffic = openTraffic("nginx", { seed: 11 });
    let said = "";
    for (const [fault, signal] of ROUNDS) {
      disk.set("none");
      const sluice = startSluice(args, { env: disk.env });
      await until(() => sluice.stderr().includes('"running"'), `sluice to run: ${sluice.stderr()}`, 3 * MINUTES);
      await appendFile(log, traffic.block(2000));
      await sleep(200);
      disk.set(fault);
      await appendFile(log, traffic.block(2000));
      await sleep(1500);
      const code = await Promise.race([sluice.ended, sluice.kill(signal)]);
      expect([0, 1, signal], sluice.stderr()).toContain(code);
      said += sluice.stderr();
    }
    disk.set("none");
    const last = startSluice([...args, "--until-eof"], { env: disk.env });
    expect(await last.ended, last.stderr()).toBe(0);
    const text = await readFile(log);
    expect(said).toMatch(/EIO|disk I\/O error/);
    expect(said).not.toContain("ERR_INVALID_STATE");
    expect(ledgerIn(last.stderr())).toMatch(/ dropped 0 \+ buffered 0$/);
    expectEveryLine(await graylog.accepted(), text);
    expectEachLineOnce((await readObjects(store, "archive", work.path("got"))).values(), new Map([[log, text]]));
    await graylog.stop();
  },
);
