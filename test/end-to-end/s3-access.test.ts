import { mkdir, readFile, writeFile } from "node:fs/promises";
import { openTraffic } from "@sluice/generate";
import { type ObjectStore, requireDebian, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { type Running, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

/** Gives a program another clock. */
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const MINUTES = 60_000;
const ready = requireObjectStore() && requireDebian(["faketime"]);

let store: ObjectStore;
beforeAll(async () => {
  if (ready) store = await startObjectStore({ tokens: true });
}, 5 * MINUTES);
afterAll(async () => {
  await store?.stop();
});

const LINES = 2000;
const text = openTraffic("nginx", { seed: 11 }).block(LINES);

/** Writes a log, and a pipeline that archives it with a sink of these options. */
async function archiving(
  work: Workspace,
  sink: string,
  retry = "retry: {initial: 50ms, max: 500ms}",
): Promise<(env?: NodeJS.ProcessEnv) => Running> {
  const log = await work.write("access.log", text);
  const file = await work.write(
    "p.yaml",
    `name: web\nsources:\n  access: {type: file, include: ['${log}']}\nsteps:\n  - parse: nginx\nsinks:\n  archive: {${sink}, create_bucket: true, ${retry}}\n`,
  );
  return (env = {}) => startSluice(["run", file, "--state-dir", work.path("state"), "--until-eof"], { env });
}

async function expectArchived(work: Workspace, bucket: string): Promise<void> {
  const objects = await readObjects(store, bucket, work.path("got"));
  const log = work.path("access.log");
  expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
}

/** Nothing that the machine which runs the tests has of its own. */
function bare(work: Workspace): Record<string, string> {
  return {
    AWS_CONFIG_FILE: work.path("aws", "config"),
    AWS_SHARED_CREDENTIALS_FILE: work.path("aws", "credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

async function writeProfiles(work: Workspace, profiles: string): Promise<void> {
  await mkdir(work.path("aws"), { recursive: true });
  await writeFile(work.path("aws", "config"), profiles);
}

describe.runIf(ready)("access to the store", { timeout: 4 * MINUTES }, () => {
  test("by a role that is assumed", async () => {
    await using work = await Workspace.create();
    const role = await store.makeRole("archivist");
    const start = await archiving(work, `${s3Options(store, "by-role")}, assume_role: {arn: '${role}'}`);
    const sluice = start(bare(work));
    expect(await sluice.ended, sluice.stderr()).toBe(0);
    await expectArchived(work, "by-role");
  });

  test("by a role of a profile", async () => {
    await using work = await Workspace.create();
    const role = await store.makeRole("clerk");
    const keys = `aws_access_key_id = ${store.accessKey}\naws_secret_access_key = ${store.secretKey}\n`;
    const profiles = `[profile base]\nregion = us-east-1\n${keys}[profile clerk]\nregion = us-east-1\nrole_arn = ${role}\nsource_profile = base\n`;
    await writeProfiles(work, profiles);
    const start = await archiving(work, `type: s3, bucket: by-profile, endpoint: '${store.endpoint}', profile: clerk`);
    const sluice = start({ ...bare(work), AWS_ENDPOINT_URL_STS: store.endpoint });
    expect(await sluice.ended, sluice.stderr()).toBe(0);
    await expectArchived(work, "by-profile");
  });

  test("by a role that the user may not assume: it says so, and goes on once it may", async () => {
    await using work = await Workspace.create();
    const role = await store.makeRole("stranger", false);
    const start = await archiving(work, `${s3Options(store, "strange")}, assume_role: {arn: '${role}'}`);
    const sluice = start(bare(work));
    await until(
      () => sluice.stderr().includes(`cannot assume the role ${role}: the store refuses access (`),
      "the complaint",
    );
    await store.trustRole("stranger");
    expect(await sluice.ended, sluice.stderr()).toBe(0);
    await expectArchived(work, "strange");
  });

  test("by keys that are put right while the source `s3` waits for them", async () => {
    await using work = await Workspace.create();
    await store.client.makeBucket("polled");
    await store.client.put(await work.write("a.log", text), "polled", "a.log");
    await mkdir(work.path("aws"));
    const keys = (secret: string) =>
      work.write(
        "aws/credentials",
        `[default]\naws_access_key_id=${store.accessKey}\naws_secret_access_key=${secret}\n`,
      );
    await keys("wrong");
    const source = `{type: s3, bucket: polled, endpoint: '${store.endpoint}', interval: 200ms}`;
    const file = await work.write(
      "p.yaml",
      `name: polled\nsources: {s3: ${source}}\nsinks: {out: {type: file, path: out}}\n`,
    );
    const sluice = startSluice(["run", file, "--state-dir", work.path("state")], { env: bare(work) });
    await until(() => sluice.stderr().includes("cannot read s3://polled/: the store refuses access"), "the complaint");
    await keys(store.secretKey);
    const lines = async () => (await readFile(work.path("out"), "utf8").catch(() => "")).split("\n").length - 1;
    await until(async () => (await lines()) >= LINES, "its lines", 2 * MINUTES);
    await store.client.put(await work.write("b.log", "one more\n"), "polled", "0.log");
    await until(async () => (await lines()) > LINES, "a new object's line", 2 * MINUTES);
    expect(await sluice.kill("SIGTERM")).toBe(0);
    expect(await lines()).toBe(LINES + 1);
  });

  test.each(["-2h", "+3h"])("with a clock that is %s off: it says so, and goes by the store's", async (offset) => {
    await using work = await Workspace.create();
    const bucket = offset === "-2h" ? "behind" : "ahead";
    const start = await archiving(work, s3Options(store, bucket));
    const sluice = start({ LD_PRELOAD: FAKETIME, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" });
    expect(await sluice.ended, sluice.stderr()).toBe(0);
    expect(sluice.stderr()).toContain("clock differs too much from the store's (RequestTimeTooSkewed)");
    await expectArchived(work, bucket);
  });

  test("under the rights, class, tags and encryption that the pipeline names", async () => {
    await using work = await Workspace.create();
    await store.addStorageClass("COLD");
    await store.kill();
    await store.restart();
    const encryption = `encryption: {type: 'aws:kms', kms_key: ${store.kmsKey}}`;
    const how = `storage_class: COLD, acl: public-read, tags: {team: 'ops & web', kind: access}, ${encryption}`;
    const start = await archiving(work, `${s3Options(store, "kept")}, ${how}`);
    const sluice = start();
    expect(await sluice.ended, sluice.stderr()).toBe(0);
    const [object] = await store.client.list("kept");
    const stat = await store.admin(["object", "stat", "--bucket=kept", `--object=${object?.key}`]);
    const { policy, manifest, attrs } = JSON.parse(stat);
    expect(policy.acl.acl_group_map).toEqual([{ group: 1, acl: 1 }]);
    expect(manifest.tail_placement.placement_rule).toBe("default-placement/COLD");
    expect(attrs).toMatchObject({
      "user.rgw.storage_class": "COLD",
      "user.rgw.crypt.mode": "SSE-KMS",
      "user.rgw.crypt.keyid": store.kmsKey,
      "user.rgw.content_type": "application/gzip",
    });
    expect(await store.tags("kept", object?.key as string)).toEqual({ team: "ops & web", kind: "access" });
    await expectArchived(work, "kept");
  });

  test.runIf(process.env["SLUICE_LONG_TESTS"])("after it was gone for an hour", async () => {
    await using work = await Workspace.create();
    const start = await archiving(work, s3Options(store, "outage"), "request_timeout: 30m");
    await store.kill();
    // An hour of sluice's takes a minute.
    const sluice = start({ LD_PRELOAD: FAKETIME, FAKETIME: "+0s x60" });
    const times = () =>
      [...sluice.stderr().matchAll(/"time":"([^"]+)"/g)].map(([, time]) => Date.parse(time as string));
    await until(() => (times().at(-1) ?? 0) - (times()[0] ?? 0) > 3_600_000, "an hour to pass", 3 * MINUTES);
    const complaints = sluice.stderr().split("\n").length;
    await store.restart();
    expect(await sluice.ended, sluice.stderr()).toBe(0);
    // A pause is half a minute at most, a quarter on the average.
    expect(complaints).toBeLessThan(600);
    await expectArchived(work, "outage");
  });
});
