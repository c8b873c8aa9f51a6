import { gzipSync } from "node:zlib";
import { openTraffic } from "@sluice/generate";
import { Graylog, type ObjectStore, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventsIn, eventsOf, ledgerIn, linesOf } from "../support/archives.ts";
import type { Message } from "../support/ledger.ts";
import { readObjects, s3Options } from "../support/objects.ts";
import { runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const ready = requireObjectStore();
let store: ObjectStore;
beforeAll(async () => {
  if (ready) store = await startObjectStore();
}, 5 * MINUTES);
afterAll(async () => {
  await store?.stop();
});

const byId = (messages: readonly Message[]) =>
  [...messages].sort((a, b) => (String(a["_event_id"]) < String(b["_event_id"]) ? -1 : 1));
const nginx = (seed: number, lines: number) => openTraffic("nginx", { seed }).block(lines);
const environment = () => ({ ...store.environment(), AWS_ENDPOINT_URL: store.endpoint });

/** Archives nginx lines in a bucket, and tells the sinks beside it. */
async function archive(work: Workspace, options: { lines: Buffer; sink: string; others?: string }): Promise<void> {
  await work.write("in.log", options.lines);
  const pipeline = await work.write(
    "archive.yaml",
    `name: web
sources: {log: {type: file, include: [in.log]}}
steps: [{parse: nginx}, {set: {labels.env: test}}]
sinks:
  archive: {${options.sink}}
${options.others ?? ""}
`,
  );
  const ran = await runSluice(["run", pipeline, "--state-dir", work.path("state"), "--until-eof"]);
  expect(ran).toMatchObject({ code: 0 });
}

test.runIf(ready)(
  "what sluice archived in S3 replays into Graylog as it was delivered, by the connection of the pipeline's own sink",
  async () => {
    await using work = await Workspace.create();
    const [first, second] = [await Graylog.start(), await Graylog.start()];
    try {
      const sink = `${s3Options(store, "archive")}, create_bucket: true, max_size: 64KiB`;
      await archive(work, {
        lines: nginx(7, 8000),
        sink,
        others: `  graylog: {type: gelf, address: '${first.address}'}`,
      });
      const objects = await store.client.list("archive");
      expect(objects.length).toBeGreaterThan(3);

      // Which bucket it is reached by is taken from the sink that never gets an event here.
      const again = await work.write(
        "again.yaml",
        `steps: [{parse: nginx}, {set: {labels.env: other}}]
sinks:
  graylog: {type: gelf, address: '${second.address}'}
  archive: {${s3Options(store, "archive")}, when: 'false'}
`,
      );
      const replay = ["replay", "s3://archive/web/", "--pipeline", again, "--state-dir", work.path("state")];
      const { code, stderr } = await runSluice(replay);
      expect(code).toBe(0);
      expect(ledgerIn(stderr)).toBe("in 8000 = delivered 8000 + dropped 0 + buffered 0");
      expect(byId(await second.accepted())).toEqual(byId(await first.accepted()));
    } finally {
      await first.stop();
      await second.stop();
    }
  },
);

test.runIf(ready)(
  "raw lines are parsed; the connection comes from the environment; --resume sends what came since",
  async () => {
    await using work = await Workspace.create();
    const lines = nginx(8, 3000);
    await archive(work, { lines, sink: `${s3Options(store, "raw")}, create_bucket: true, naming: laboratory` });
    const pipeline = await work.write(
      "p.yaml",
      "steps: [{parse: nginx}]\nsinks: {out: {type: file, path: out.ndjson}}\n",
    );
    const replay = ["replay", "s3://raw/", "--pipeline", pipeline, "--state-dir", work.path("state")];
    expect((await runSluice(replay, { env: environment() })).code).toBe(0);
    const events = await eventsIn(work.path("out.ndjson"));
    expect(events.map(({ message }) => String(message)).sort()).toEqual(linesOf(lines.toString()).sort());
    expect(events.every((event) => typeof event["http.response.status_code"] === "number")).toBe(true);
    expect(events[0]?.["log.file.path"]).toMatch(/^s3:\/\/raw\/log\.2026-/);

    const file = await work.write(
      "new",
      '1.2.3.4 - - [10/Jan/2017:13:06:27 +0000] "GET /new HTTP/1.1" 200 0 "-" "-"\n',
    );
    await store.client.put(file, "raw", "zzz/new.log");
    expect((await runSluice([...replay, "--resume"], { env: environment() })).code).toBe(0);
    expect((await eventsIn(work.path("out.ndjson"))).slice(events.length).map((event) => event["url.path"])).toEqual([
      "/new",
    ]);
    expect(eventsOf((await runSluice([...replay, "--dry-run"], { env: environment() })).stdout)).toHaveLength(3001);
  },
);

test.runIf(ready)("wrong credentials and a missing bucket are told in a sentence", async () => {
  await using work = await Workspace.create();
  const pipeline = await work.write("p.yaml", "steps: []\nsinks: {out: {type: file, path: out.ndjson}}\n");
  const replay = (bucket: string, env: NodeJS.ProcessEnv) =>
    runSluice(["replay", `s3://${bucket}/`, "--pipeline", pipeline, "--state-dir", work.path("state")], { env });
  const denied = await replay("archive", { ...environment(), AWS_SECRET_ACCESS_KEY: "wrong" });
  expect(denied).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("cannot list s3://archive/: the secret key is wrong"),
  });
  const missing = await replay("nowhere-at-all", environment());
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no such bucket") });
});

test.runIf(ready)(
  "the source s3 delivers a bucket over kill -9: nothing missing, repeats with their own id",
  { timeout: 4 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    const lines = nginx(9, 60_000);
    const sink = `${s3Options(store, "source")}, create_bucket: true, format: raw, compression: zstd, max_size: 256KiB`;
    await archive(work, { lines, sink });
    const graylog = await Graylog.start();
    try {
      const pipeline = await work.write(
        "p.yaml",
        `name: again
sources: {objects: {${s3Options(store, "source")}, interval: 100ms}}
steps: [{parse: nginx}]
sinks: {graylog: {type: gelf, address: '${graylog.address}'}}
`,
      );
      const args = ["run", pipeline, "--state-dir", work.path("state")];
      for (let kills = 0; kills < 8; kills++) {
        const sluice = startSluice(args);
        await until(() => sluice.stderr().includes('"running"'), "sluice to run");
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 600));
        await sluice.kill("SIGKILL");
      }
      expect(await startSluice([...args, "--until-eof"]).ended).toBe(0);
      const messages = await graylog.accepted();
      const texts = new Map(
        messages.map((message) => [message["_event_id"], message["full_message"] ?? message["short_message"]]),
      );
      expect([...texts.values()].map(String).sort()).toEqual(linesOf(lines.toString()).sort());
    } finally {
      await graylog.stop();
    }
  },
);

test.runIf(ready)("a replay of objects goes on after kill -9 where it stopped", { timeout: 4 * MINUTES }, async () => {
  await using work = await Workspace.create();
  const lines = nginx(10, 30_000);
  await archive(work, { lines, sink: `${s3Options(store, "killed")}, create_bucket: true, max_size: 512KiB` });
  const pipeline = await work.write("p.yaml", "name: again\nsinks: {out: {type: file, path: out.ndjson}}\n");
  const replay = ["replay", "s3://killed/", "--pipeline", pipeline, "--state-dir", work.path("state"), "--resume"];
  for (let kills = 0; kills < 6; kills++) {
    const running = startSluice([...replay, "--rate", "10000/s"], { env: environment() });
    await until(() => running.stderr().includes('"replaying"'), "the replay to run");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 500));
    await running.kill("SIGKILL");
  }
  expect((await runSluice(replay, { env: environment() })).code).toBe(0);
  // A kill may cut the last line of the file in two; the file sink mends that before it goes on.
  const texts = new Map(
    (await eventsIn(work.path("out.ndjson"))).map((event) => [event["event.id"], event["message"]]),
  );
  expect([...texts.values()].map(String).sort()).toEqual(linesOf(lines.toString()).sort());
});

test.runIf(ready)("a replay into S3 holds each line exactly once over kill -9", { timeout: 4 * MINUTES }, async () => {
  await using work = await Workspace.create();
  const parts = [nginx(11, 20_000), nginx(12, 20_000)] as const;
  await work.write("a.log.1.gz", gzipSync(parts[0]));
  await work.write("a.log", parts[1]);
  const sink = `${s3Options(store, "replayed")}, create_bucket: true, max_size: 100KiB, max_age: 1s`;
  const pipeline = await work.write("p.yaml", `name: again\nsinks: {archive: {${sink}}}\n`);
  const replay = ["replay", work.path("a.log*"), "--pipeline", pipeline, "--state-dir", work.path("state"), "--resume"];
  for (let kills = 0; kills < 8; kills++) {
    const running = startSluice([...replay, "--rate", "12000/s"]);
    await until(() => running.stderr().includes('"replaying"'), "the replay to run");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 700));
    await running.kill("SIGKILL");
  }
  expect((await runSluice(replay)).code).toBe(0);
  const objects = await readObjects(store, "replayed", work.path("copy"));
  const messages = [...objects.values()].flatMap((object) =>
    eventsOf(object.toString()).map(({ message }) => String(message)),
  );
  const wanted = parts.flatMap((part) => linesOf(part.toString()));
  expect(messages.length).toBe(wanted.length);
  expect(messages.sort()).toEqual(wanted.sort());
  expect(await store.client.openUploads("replayed")).toEqual([]);
});

test.runIf(ready)(
  "from bucket to bucket each line is held exactly once over kill -9",
  { timeout: 4 * MINUTES },
  async () => {
    await using work = await Workspace.create();
    const lines = nginx(13, 40_000);
    await archive(work, { lines, sink: `${s3Options(store, "copy-from")}, create_bucket: true, max_size: 100KiB` });
    const sink = `${s3Options(store, "copy-to")}, create_bucket: true, max_size: 150KiB, max_age: 300ms`;
    const source = `${s3Options(store, "copy-from")}, interval: 100ms`;
    const pipeline = await work.write("p.yaml", `name: copy\nsources: {from: {${source}}}\nsinks: {to: {${sink}}}\n`);
    const args = ["run", pipeline, "--state-dir", work.path("copying")];
    for (let kills = 0; kills < 10; kills++) {
      const running = startSluice(args);
      await until(() => running.stderr().includes('"running"'), "sluice to run");
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 500));
      await running.kill("SIGKILL");
    }
    expect((await runSluice([...args, "--until-eof"])).code).toBe(0);
    const objects = await readObjects(store, "copy-to", work.path("copy"));
    const messages = [...objects.values()].flatMap((object) =>
      eventsOf(object.toString()).map(({ message }) => String(message)),
    );
    const wanted = linesOf(lines.toString());
    expect(messages.length).toBe(wanted.length);
    expect(messages.sort()).toEqual(wanted.sort());
  },
);
