import { type EmbeddedStore, startEmbeddedStore } from "@sluice/embedded-store";
import { afterEach, expect, test } from "vitest";

let store: EmbeddedStore | undefined;
afterEach(() => store?.close());

test("keeps objects and lists them", async () => {
  store = await startEmbeddedStore(["demo-logs"]);
  for (const key of ["b/2.gz", "a/1.gz", "a/<&>.gz"]) {
    const put = await fetch(`${store.endpoint}/demo-logs/${encodeURIComponent(key)}`, {
      method: "PUT",
      body: "line\n",
    });
    expect(put.status).toBe(200);
  }
  expect(await store.list("demo-logs")).toEqual([
    { key: "a/1.gz", size: 5 },
    { key: "a/<&>.gz", size: 5 },
    { key: "b/2.gz", size: 5 },
  ]);
  expect(await store.list("demo-logs", "b/")).toEqual([{ key: "b/2.gz", size: 5 }]);
  expect(await (await fetch(`${store.endpoint}/demo-logs/b/2.gz`)).text()).toBe("line\n");
});

test("listens on the loopback only, and says so when a bucket is missing", async () => {
  store = await startEmbeddedStore();
  expect(new URL(store.endpoint).hostname).toBe("127.0.0.1");
  await expect(store.list("missing")).rejects.toThrow("404");
});
