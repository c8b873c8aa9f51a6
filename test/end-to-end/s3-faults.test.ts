import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { openTraffic } from "@sluice/generate";
import { type ObjectStore, requireObjectStore, startObjectStore, startTcpProxy } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { type Running, runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const LINES = 30_000;
const MINUTES = 60_000;
const ready = requireObjectStore();

let store: ObjectStore;
beforeAll(async () => {
  if (ready) store = await startObjectStore();
});
afterAll(async () => {
  await store?.stop();
});

interface Job {
  readonly work: Workspace;
  readonly log: string;
  readonly bucket: string;
  readonly file: string;
  start(args?: readonly string[], env?: NodeJS.ProcessEnv): Running;
}

/** A file of lines, and a pipeline that stores them in several parts and objects. */
async function job(bucket: string, sink = s3Options(store, bucket), maxSize = "12MB"): Promise<Job> {
  const work = await Workspace.create();
  const log = await work.write("access.log", openTraffic("nginx", { seed: 7 }).block(LINES));
  const file = await work.write(
    "p.yaml",
    `name: web
sources:
  access: {type: file, include: ['${work.path("*access.log")}']}
steps:
  - parse: nginx
sinks:
  archive: {${sink}, compression: none, part_size: 5MiB, max_size: ${maxSize}, memory: 48MiB, request_timeout: 2s, retry: {initial: 50ms, max: 500ms}}
`,
  );
  const start = (args: readonly string[] = ["--until-eof"], env = {}) =>
    startSluice(["run", file, "--state-dir", work.path("state"), "--workers", "1", ...args], { env });
  return { work, log, bucket, file, start };
}

async function expectAllStored({ work, log, bucket }: Job): Promise<void> {
  const objects = await readObjects(store, bucket, work.path("got"));
  expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
  expect(await store.client.openUploads(bucket)).toEqual([]);
}

/** Waits until sluice has complained, lets it be put right, and expects everything to arrive. */
async function survives(one: Job, complaint: RegExp, putRight: () => Promise<void>, sluice = one.start()) {
  await until(() => complaint.test(sluice.stderr()), `sluice to say ${complaint.source}; it said ${sluice.stderr()}`);
  const lines = sluice
    .stderr()
    .split("\n")
    .filter((line) => complaint.test(line));
  expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 40, sink: "archive", code: "SLUICE_STORE" });
  await putRight();
  expect(await sluice.ended, sluice.stderr()).toBe(0);
  await expectAllStored(one);
  await one.work[Symbol.asyncDispose]();
}

describe.runIf(ready)(
  "when the store does not take objects, sluice says why, and stores all once it does",
  { timeout: 4 * MINUTES },
  () => {
    test("the credentials are wrong, and put right in their file", async () => {
      await store.client.makeBucket("wrong-keys");
      const keyless = `type: s3, bucket: wrong-keys, endpoint: '${store.endpoint}'`;
      const one = await job("wrong-keys", keyless);
      const home = one.work.path("aws");
      await mkdir(home);
      const keys = (secret: string) =>
        writeFile(
          `${home}/credentials`,
          `[default]\naws_access_key_id=${store.accessKey}\naws_secret_access_key=${secret}\n`,
        );
      await keys("somethingelse");
      const env = { AWS_SHARED_CREDENTIALS_FILE: `${home}/credentials`, AWS_CONFIG_FILE: `${home}/config` };
      await survives(
        one,
        /secret key is wrong \(SignatureDoesNotMatch\)/,
        () => keys(store.secretKey),
        one.start(undefined, env),
      );
    });

    test("there are no credentials", async () => {
      await store.client.makeBucket("no-keys");
      const one = await job("no-keys", `type: s3, bucket: no-keys, endpoint: '${store.endpoint}'`);
      const home = one.work.path("aws");
      await mkdir(home);
      const text = `[default]\naws_access_key_id=${store.accessKey}\naws_secret_access_key=${store.secretKey}\n`;
      const env = {
        AWS_SHARED_CREDENTIALS_FILE: `${home}/credentials`,
        AWS_CONFIG_FILE: `${home}/config`,
        AWS_EC2_METADATA_DISABLED: "true",
      };
      await survives(
        one,
        /there are no credentials/,
        () => writeFile(`${home}/credentials`, text),
        one.start(undefined, env),
      );
    });

    test("the bucket is missing", async () => {
      await survives(await job("missing"), /there is no such bucket \(NoSuchBucket\)/, () =>
        store.client.makeBucket("missing"),
      );
    });

    test("the user is suspended", async () => {
      await store.client.makeBucket("suspended");
      await store.suspend();
      await survives(await job("suspended"), /the user is suspended|refuses access/, () => store.enable());
    });

    test("the quota is used up", async () => {
      await store.client.makeBucket("quota");
      await store.quota({ bytes: 6 * 1024 * 1024 });
      await survives(await job("quota"), /quota/, () => store.quota(null));
    });

    test("it asks to slow down", async () => {
      await store.client.makeBucket("slow");
      await store.slowDown();
      await survives(await job("slow"), /slow down|overloaded/, () => store.speedUp());
    });

    test("it hangs", async () => {
      await store.client.makeBucket("hangs");
      await store.hang();
      await survives(await job("hangs"), /does not answer/, async () => store.resume());
    });

    test("it is gone", async () => {
      await store.client.makeBucket("gone");
      await store.kill();
      await survives(await job("gone"), /nothing listens there \(ECONNREFUSED\)/, () => store.restart());
    });

    test("someone aborts its upload: it reads again what was in it", async () => {
      await store.client.makeBucket("swept");
      const one = await job("swept", `${s3Options(store, "swept")}, max_age: 15s`, "40MB");
      const sluice = one.start([]);
      await until(async () => (await store.client.openUploads("swept")).length > 0, "an upload to begin");
      const sweep = (args: string[]) => runSluice(["s3", "sweep", one.file, ...args]);
      expect((await sweep([])).stderr).toContain("found 0 stale uploads");
      const swept = await sweep(["--older-than", "0s", "--abort"]);
      expect(swept.stdout).toMatch(/^\S+Z s3:\/\/swept\/web\/dt=\S+ \S+ aborted\n$/);
      await until(() => sluice.stderr().includes("starting the pipeline again"), "sluice to notice");
      await until(async () => (await store.client.list("swept")).length > 0, "the objects to be stored");
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
      await expectAllStored(one);
    });

    test("sluice dies before it is stored, and a part of it is deleted: the rest is stored", async () => {
      await store.client.makeBucket("deleted");
      const one = await job("deleted", `${s3Options(store, "deleted")}, max_age: 100ms`);
      const other = await one.work.write("other-access.log", openTraffic("nginx", { seed: 8 }).block(100));
      await store.kill();
      const sluice = one.start([]);
      const journal = new DatabaseSync(one.work.path("state", "state.db"), { open: false });
      await until(() => sluice.stderr().includes("nothing listens there"), "sluice to miss the store");
      journal.open();
      const cuts = () => journal.prepare("SELECT value FROM sink_notes WHERE kind = 'cut'").all();
      await until(() => cuts().length > 0, "a cut to be journalled");
      await sluice.kill("SIGKILL");
      journal.close();
      await rm(other);
      await store.restart();
      const last = one.start();
      expect(await last.ended, last.stderr()).toBe(0);
      expect(last.stderr()).toContain("going on with what an earlier run has begun");
      await expectAllStored(one);
    });

    test("connections break in the middle of parts", async () => {
      await store.client.makeBucket("cut-off");
      const proxy = await startTcpProxy(Number(new URL(store.endpoint).port), new URL(store.endpoint).hostname);
      proxy.faults.cutAfter = 3_000_000;
      const sink = s3Options(store, "cut-off").replace(store.endpoint, `http://127.0.0.1:${proxy.port}`);
      const putRight = async (): Promise<void> => {
        proxy.faults.cutAfter = Number.POSITIVE_INFINITY;
      };
      await survives(await job("cut-off", sink), /the connection broke/, putRight);
      await proxy.close();
    });
  },
);
