import { appendFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { openTraffic } from "@sluice/generate";
import { Graylog, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ledgerIn } from "../support/archives.ts";
import { expectEveryLine } from "../support/ledger.ts";
import { readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;

/** Lines of the log that say what became of the state. */
const told = (stderr: string) => stderr.split("\n").filter((line) => line.includes("SLUICE_STATE_DAMAGED"));

test("a corrupted state database is set aside in one line, and files are read from their beginning, also with start_at: end", {
  timeout: 5 * MINUTES,
}, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  const traffic = openTraffic("nginx", { seed: 3 });
  const log = await work.write("a.log", traffic.block(1000));
  const file = await work.write(
    "p.yaml",
    `name: web
sources:
  access: {type: file, include: ['${log}'], start_at: end, poll_interval: 50ms}
steps:
  - parse: nginx
sinks:
  graylog: {type: gelf, address: '${graylog.address}'}
`,
  );
  const args = ["run", file, "--state-dir", work.path("state"), "--http", "127.0.0.1:0"];
  const first = startSluice(args);
  await until(() => first.stderr().includes('"running"'), "sluice to run");
  // The file is known once its position is stored; what is written then is new.
  await until(
    async () => (await readFile(work.path("state", "state.db-wal")).catch(() => "")).includes(log),
    "the file to be known",
  );
  await appendFile(log, traffic.block(500));
  await until(async () => (await graylog.accepted()).length === 500, "the new lines");
  expect(await first.kill("SIGTERM"), first.stderr()).toBe(0);
  expect(ledgerIn(first.stderr())).toBe("in 500 = delivered 500 + dropped 0 + buffered 0");

  await truncate(work.path("state", "state.db"), 10_000);
  await appendFile(log, traffic.block(100));
  const second = startSluice(args);
  await until(async () => (await graylog.accepted()).length >= 2100, "everything to be read again");
  const url = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(second.stderr())?.[0], "the address of the page");
  expect(await (await fetch(`${url}/metrics`)).text()).toContain("\nsluice_state_losses_total 1\n");
  expect(await second.kill("SIGKILL")).toBe("SIGKILL");
  const [line] = told(second.stderr());
  const [kept] = (await readdir(work.path("state"))).filter((name) => name.includes(".corrupt-"));
  expect(JSON.parse(line as string)).toMatchObject({ level: 50, msg: expect.stringContaining(kept as string) });

  // The lines that came twice have the ids that they had before.
  await appendFile(log, traffic.block(100));
  const third = startSluice([...args, "--until-eof"]);
  expect(await third.ended, third.stderr()).toBe(0);
  expect(told(third.stderr())).toEqual([]);
  const { duplicates } = expectEveryLine(await graylog.accepted(), await readFile(log));
  expect(duplicates).toBeGreaterThanOrEqual(500);
  await graylog.stop();
});

test("what lies in a disk buffer is delivered, also when its file is gone", { timeout: 5 * MINUTES }, async () => {
  await using work = await Workspace.create();
  const graylog = await Graylog.start();
  await graylog.kill();
  const text = openTraffic("nginx", { seed: 4 }).block(5000);
  const log = await work.write("a.log", text);
  const file = await work.write(
    "p.yaml",
    `name: web
sources:
  access: {type: file, include: ['${work.path("*.log")}'], poll_interval: 50ms}
steps:
  - parse: nginx
sinks:
  graylog: {type: gelf, address: '${graylog.address}', buffer: {type: disk, size: 64MiB}, retry: {max: 500ms}}
`,
  );
  const args = ["run", file, "--state-dir", work.path("state"), "--http", "off"];
  const first = startSluice([...args, "--until-eof"]);
  const held = () => {
    const db = new DatabaseSync(work.path("state", "state.db"), { readOnly: true });
    const row = db.prepare("SELECT sum(kept) AS n FROM held_batches").get() as { n: number | null };
    db.close();
    return row.n;
  };
  await until(() => first.stderr().includes('"running"'), "sluice to run");
  // The run would go on until Graylog has it all.
  await until(() => held() === 5000, "all lines to be in the buffer");
  expect(await first.kill("SIGTERM"), first.stderr()).toBe(0);
  expect(ledgerIn(first.stderr())).toBe("in 5000 = delivered 0 + dropped 0 + buffered 5000");
  await writeFile(work.path("state", "state.db"), "garbage ".repeat(1000));
  await rm(log);
  await graylog.restart();
  const second = startSluice([...args, "--until-eof"]);
  expect(await second.ended, second.stderr()).toBe(0);
  expect(told(second.stderr())).toHaveLength(1);
  expect(ledgerIn(second.stderr())).toBe("in 5000 = delivered 5000 + dropped 0 + buffered 0");
  expect(expectEveryLine(await graylog.accepted(), text).duplicates).toBe(0);
  await graylog.stop();
});

test.runIf(requireObjectStore())(
  "S3 has each line at least once, keeps what it had, and no upload stays open",
  { timeout: 5 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    const text = openTraffic("nginx", { seed: 5 }).block(40_000);
    const log = await work.write("a.log", text);
    const pipeline = (age: string) => `name: web
sources:
  access: {type: file, include: ['${work.path("*.log")}'], start_at: beginning}
steps:
  - parse: nginx
sinks:
  archive: {${s3Options(store, "archive")}, create_bucket: true, compression: none, part_size: 5MiB, max_size: 100MB, max_age: ${age}}
`;
    const file = await work.write("p.yaml", pipeline("200ms"));
    const args = ["run", file, "--state-dir", work.path("state"), "--http", "off"];
    const first = startSluice([...args, "--until-eof"]);
    expect(await first.ended, first.stderr()).toBe(0);
    await appendFile(log, text);
    await work.write("p.yaml", pipeline("10m"));
    const second = startSluice(args);
    await until(async () => (await store.client.openUploads("archive")).length > 0, "an upload to begin");
    await second.kill("SIGKILL");
    const before = await readObjects(store, "archive", work.path("before"));

    await writeFile(work.path("state", "state.db"), "");
    await work.write("p.yaml", pipeline("200ms"));
    const third = startSluice([...args, "--until-eof"]);
    expect(await third.ended, third.stderr()).toBe(0);
    expect(told(third.stderr())).toHaveLength(1);
    expect(await store.client.openUploads("archive")).toEqual([]);
    const after = await readObjects(store, "archive", work.path("after"));
    for (const [key, content] of before) expect(after.get(key)?.equals(content), key).toBe(true);
    const fresh = [...after].filter(([key]) => !before.has(key)).map(([, content]) => content.toString());
    const offsets = fresh.flatMap((content) => [...content.matchAll(/"log\.offset":(\d+)/g)].map(([, n]) => Number(n)));
    expect(offsets).toHaveLength(80_000);
    expect(new Set(offsets).size).toBe(80_000);
    // The same line has the same id in the old and the new objects.
    const idsOf = (contents: Iterable<Buffer>) =>
      new Set([...contents].flatMap((one) => one.toString().match(/"event\.id":"[^"]+"/g) ?? []));
    expect(idsOf(after.values()).size).toBe(80_000);
  },
);
