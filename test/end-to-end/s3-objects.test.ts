import { readFile } from "node:fs/promises";
import { openTraffic } from "@sluice/generate";
import { OBJECT_STORE_VERSIONS, type ObjectStore, requireObjectStore, startObjectStore } from "@sluice/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { runSluice } from "../support/process.ts";
import { Workspace } from "../support/workspace.ts";

const LINES = 20_000;

describe.each(OBJECT_STORE_VERSIONS)("objects in Ceph %s", { timeout: 180_000 }, (version) => {
  const ready = requireObjectStore(version);
  let store: ObjectStore;
  beforeAll(async () => {
    if (ready) store = await startObjectStore({ version });
  });
  afterAll(async () => {
    await store?.stop();
  });

  /** Stores lines with a sink's options; returns the workspace, the file and what sluice said. */
  async function run(work: Workspace, text: Uint8Array, sink: string, parse = "nginx") {
    const log = await work.write("access.log", text);
    const file = await work.write(
      "p.yaml",
      `name: web\nsources:\n  access: {type: file, include: ['${log}']}\nsteps:\n  - parse: ${parse}\nsinks:\n  archive: {${sink}}\n`,
    );
    const result = await runSluice(["run", file, "--state-dir", work.path("state"), "--until-eof"]);
    expect(result.code, result.stderr).toBe(0);
    return { log, file };
  }

  test.runIf(ready).each([["gzip"], ["zstd"], ["none"]])("hold each line once in NDJSON, %s", async (compression) => {
    await using work = await Workspace.create();
    const bucket = `ndjson-${compression}`;
    const text = openTraffic("nginx", { seed: 3 }).block(LINES);
    const options = `${s3Options(store, bucket)}, create_bucket: true, compression: ${compression}, part_size: 5MiB, max_size: 6MB`;
    const { log } = await run(work, text, options);
    const objects = await readObjects(store, bucket, work.path("got"));
    for (const key of objects.keys())
      expect(key).toMatch(/^web\/dt=2026-01-05\/hour=\d\d\/[\w.-]+-access-\w+-[0-9a-f]{10}\./);
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
    expect(await store.client.openUploads(bucket)).toEqual([]);
  });

  test.runIf(ready)("lie under the hour of their events, also of late ones and of those without a time", async () => {
    await using work = await Workspace.create();
    const at = (hour: number, n: number) =>
      `203.0.113.7 - - [12/Jan/2017:${hour}:00:0${n} +0000] "GET /${n} HTTP/1.1" 200 1 "-" "x"\n`;
    const text = `${at(14, 1)}${at(13, 2)}${at(14, 3)}no time at all\n${at(15, 4)}`;
    const { log } = await run(work, Buffer.from(text), `${s3Options(store, "hours")}, create_bucket: true`);
    const objects = await readObjects(store, "hours", work.path("got"));
    const lines = new Map(
      Array.from(objects, ([key, content]) => [
        key.split("/").slice(1, 3).join("/"),
        content.toString().split("\n").length - 1,
      ]),
    );
    expect([...lines.entries()].filter(([key]) => key.startsWith("dt=2017"))).toEqual(
      expect.arrayContaining([
        ["dt=2017-01-12/hour=13", 1],
        ["dt=2017-01-12/hour=14", 2],
        ["dt=2017-01-12/hour=15", 1],
      ]),
    );
    expect(lines.size).toBe(4);
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
  });

  test.runIf(ready)("are no more than may be open, and events beyond go to the nearest", async () => {
    await using work = await Workspace.create();
    const hours = Array.from({ length: 20 }, (_, hour) => String(hour).padStart(2, "0"));
    const text = hours.map(
      (hour) => `203.0.113.7 - - [12/Jan/2017:${hour}:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n`,
    );
    const sink = `${s3Options(store, "narrow")}, create_bucket: true, max_open: 3`;
    const { log } = await run(work, Buffer.from(text.join("")), sink);
    const objects = await readObjects(store, "narrow", work.path("got"));
    expect(objects.size).toBe(3);
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
  });

  test.runIf(ready)("leave what is not theirs alone", async () => {
    await using work = await Workspace.create();
    const text = `203.0.113.7 - - [12/Jan/2017:14:34:05 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n`;
    const name = "access.2017-01-12-14:34:00/access.2017-01-12-14:34:00.log";
    await store.client.makeBucket("shared");
    await store.client.put(await work.write("foreign", "not ours\n"), "shared", `${name}.aa`);
    await run(work, Buffer.from(text), `${s3Options(store, "shared")}, naming: laboratory`);
    const objects = await readObjects(store, "shared", work.path("got"));
    expect(new Map(Array.from(objects, ([key, content]) => [key, content.toString()]))).toEqual(
      new Map([
        [`${name}.aa`, "not ours\n"],
        [`${name}.ab`, text],
      ]),
    );
  });

  test.runIf(ready)("have the names that the Laboratory gave, and hold its lines as they were", async () => {
    await using work = await Workspace.create();
    const bucket = "35.167.147.111-logs";
    const text = openTraffic("nginx", { seed: 3 }).block(LINES);
    const sink = `${s3Options(store, "'${ADDRESS:-35.167.147.111}-logs'")}, create_bucket: true, naming: laboratory, max_size: 98KB`;
    await run(work, text, sink);
    await run(work, Buffer.concat([text, text.subarray(0, text.indexOf(10) + 1)]), sink);
    const objects = await readObjects(store, bucket, work.path("got"));
    for (const key of objects.keys())
      expect(key).toMatch(/^access\.(2026-01-05-\d\d:\d\d:00)\/access\.\1\.log\.[a-y][a-z]$/);
    const sorted = [...objects.values()].flatMap((content) => content.toString().split("\n").filter(Boolean)).sort();
    const once = Buffer.from(text).toString().split("\n").filter(Boolean);
    const both = [...once, once[0] as string].sort();
    expect(sorted).toEqual(both);
  });

  test.runIf(ready)("go over TLS with the authority that is named", async () => {
    await using work = await Workspace.create();
    const text = openTraffic("nginx", { seed: 3 }).block(1000);
    const sink = s3Options(store, "tls").replace(store.endpoint, store.tlsEndpoint);
    const { log } = await run(work, text, `${sink}, create_bucket: true, tls: {ca: '${store.ca}'}`);
    const objects = await readObjects(store, "tls", work.path("got"));
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
  });

  test.runIf(ready)("replace those of the same input when the state was set back", async () => {
    await using work = await Workspace.create();
    const text = openTraffic("nginx", { seed: 3 }).block(1000);
    const sink = `${s3Options(store, "again")}, create_bucket: true`;
    const { log, file } = await run(work, text, sink);
    const before = await store.client.list("again");
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(work.path("state", "state.db"));
    db.exec(
      `UPDATE positions SET position = json_set(position, '$.offset', 0, '$.tail', json('{"bytes":0,"hash":""}'))`,
    );
    db.close();
    const again = await runSluice(["run", file, "--state-dir", work.path("state"), "--until-eof"]);
    expect(again.code, again.stderr).toBe(0);
    expect((await store.client.list("again")).map(({ key }) => key)).toEqual(before.map(({ key }) => key));
    const objects = await readObjects(store, "again", work.path("got"));
    expectEachLineOnce(objects.values(), new Map([[log, await readFile(log)]]));
  });

  test.runIf(ready)("`validate --connect` tells whether they could be stored", async () => {
    await using work = await Workspace.create();
    const log = await work.write("access.log", "");
    const check = async (sink: string) => {
      const file = await work.write(
        "p.yaml",
        `name: web\nsources:\n  access: {type: file, include: ['${log}']}\nsinks:\n  archive: {${sink}}\n`,
      );
      return runSluice(["validate", file, "--connect"]);
    };
    const missing = await check(s3Options(store, "not-there"));
    expect(missing.code).toBe(2);
    expect(missing.stderr + missing.stdout).toMatch(/cannot reach s3:\/\/not-there/);
    expect((await check(`${s3Options(store, "not-there")}, create_bucket: true`)).code).toBe(0);
    const wrong = await check(s3Options(store, "not-there").replace(store.secretKey, "wrong"));
    expect(wrong.code).toBe(2);
  });
});
