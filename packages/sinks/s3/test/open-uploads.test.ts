import { silentLogger } from "@sluice/core";
import { requireObjectStore, startObjectStore } from "@sluice/testkit";
import { expect, test } from "vitest";
import { s3Options } from "../src/options.ts";
import { openStore } from "../src/store.ts";

test.runIf(requireObjectStore("16.2"))(
  "open uploads are found whatever their keys are",
  async () => {
    await using store = await startObjectStore();
    await store.client.makeBucket("uploads");
    const { endpoint, accessKey, secretKey } = store;
    const keys = { access_key_id: accessKey, secret_access_key: secretKey };
    const own = await openStore(s3Options.parse({ bucket: "uploads", endpoint, ...keys }), silentLogger);
    const signs = [
      "\n",
      "\r\n",
      "\t",
      "\u0001",
      " ",
      "+",
      "%20",
      "&amp;",
      "<",
      "]]>",
      "\ufffe",
      "\u{10ffff}",
      "u\u0308",
    ];
    const objects = signs.map((sign) => ({ bucket: "uploads", key: `k${sign}`, cut: "c", again: false }));
    const ids = new Map<string, string>();
    for (const object of objects) ids.set(object.key, await own.create(object));
    const found = async () => {
      const uploads = new Map<string, string>();
      for await (const { key, id } of own.openUploads("uploads", "k")) uploads.set(key, id);
      return uploads;
    };
    expect(await found()).toEqual(ids);
    for (const { bucket, key } of objects) await own.abortAll(bucket, key);
    expect(await found()).toEqual(new Map());
    own.close();
  },
  300_000,
);
