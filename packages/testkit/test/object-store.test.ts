import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { OBJECT_STORE_VERSIONS, type ObjectStore, requireObjectStore, startObjectStore } from "../src/index.ts";

describe.each(OBJECT_STORE_VERSIONS)("an object store of Ceph %s", (version) => {
  const ready = requireObjectStore(version);
  let store: ObjectStore;
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "sluice-store-test-"));
    if (ready) store = await startObjectStore({ version });
    await writeFile(join(dir, "line"), "a line\n");
  });
  afterAll(async () => {
    await store?.stop();
    await rm(dir, { recursive: true });
  });

  const put = (bucket: string, key: string) => store.client.put(join(dir, "line"), bucket, key);
  const status = async (): Promise<number> => {
    const response = await fetch(store.endpoint, { signal: AbortSignal.timeout(2000) });
    await response.body?.cancel();
    return response.status;
  };

  test.runIf(ready)("keeps objects, and tells another client about them", async () => {
    await store.client.makeBucket("35.167.147.111-logs");
    await put("35.167.147.111-logs", "access.2017-01-12-14:34:00/access.2017-01-12-14:34:00.log.aa");
    await put("35.167.147.111-logs", "b c");
    expect(await store.client.list("35.167.147.111-logs")).toEqual([
      { key: "access.2017-01-12-14:34:00/access.2017-01-12-14:34:00.log.aa", size: 7 },
      { key: "b c", size: 7 },
    ]);
    await store.client.download("35.167.147.111-logs", join(dir, "copy"));
    expect(await readFile(join(dir, "copy", "b c"), "utf8")).toBe("a line\n");
    await store.client.remove("35.167.147.111-logs", "b");
    expect((await store.client.list("35.167.147.111-logs")).length).toBe(1);
  });

  test.runIf(ready)("speaks TLS, with a certificate of its own", async () => {
    const answer = (ca?: Buffer) =>
      new Promise((resolve, reject) => {
        const sent = get(store.tlsEndpoint, ca ? { ca } : {}, (response) => resolve(response.resume().statusCode));
        sent.on("error", reject);
      });
    expect(await answer(await readFile(store.ca))).toBe(200);
    await expect(answer()).rejects.toThrow("self-signed certificate");
  });

  test.runIf(ready)("lists uploads that nobody ended", async () => {
    await store.client.makeBucket("uploads");
    expect(await store.client.openUploads("uploads")).toEqual([]);
    const config = join(dirname(store.ca), "s3cmd.conf");
    const half = spawn("s3cmd", ["--config", config, "put", "-", "s3://uploads/half"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    half.stdin.on("error", () => {});
    half.stdin.write(Buffer.alloc(17 << 20));
    const isOpen = async () => expect(await store.client.openUploads("uploads")).toHaveLength(1);
    await vi.waitFor(isOpen, { timeout: 20_000 });
    half.kill("SIGKILL");
    await once(half, "exit");
    expect((await store.client.openUploads("uploads"))[0]?.key).toBe("half");
  });

  test.runIf(ready)("is slow, hangs, dies, and comes back with its objects", async () => {
    await store.client.makeBucket("faults");
    await put("faults", "kept");
    await store.slowDown();
    expect([await status(), await status()]).toEqual([503, 503]);
    await store.kill();
    await store.restart();
    expect(await status()).toBe(200);
    await store.slowDown();
    expect(await status()).toBe(503);
    await store.speedUp();
    expect(await status()).toBe(200);
    await store.hang();
    await expect(status()).rejects.toThrow("timeout");
    store.resume();
    expect(await status()).toBe(200);
    await store.kill();
    await expect(status()).rejects.toThrow("fetch failed");
    await store.restart();
    expect(await store.client.list("faults")).toEqual([{ key: "kept", size: 7 }]);
  });

  test.runIf(ready)("refuses what is beyond a quota, and a suspended user", async () => {
    await store.client.makeBucket("refused");
    await store.quota({ objects: 1 });
    await put("refused", "1");
    await expect(put("refused", "2")).rejects.toThrow("QuotaExceeded");
    await store.quota(null);
    await put("refused", "2");
    await store.suspend();
    await expect(put("refused", "3")).rejects.toThrow("UserSuspended");
    await store.enable();
    await put("refused", "3");
  });

  test.runIf(ready)("ends with the process that started it, however that ends", async () => {
    const module = join(import.meta.dirname, "../src/index.ts");
    const script = `import { startObjectStore } from ${JSON.stringify(module)};
const store = await startObjectStore({ version: "${version}" });
console.log(JSON.stringify({ endpoint: store.endpoint, ca: store.ca }));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { endpoint, ca } = JSON.parse(line.toString()) as { endpoint: string; ca: string };
    expect((await fetch(endpoint)).status).toBe(200);
    child.kill("SIGKILL");
    await vi.waitFor(() => expect(existsSync(dirname(ca))).toBe(false), { timeout: 20_000 });
    await expect(fetch(endpoint)).rejects.toThrow("fetch failed");
  });
});
