import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeSourceContext, requireObjectStore, startObjectStore } from "@sluice/testkit";
import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import { s3Source } from "../src/index.ts";
import { Bucket } from "./harness.ts";

test.runIf(requireObjectStore("16.2"))(
  "objects are read whatever their keys and bytes are",
  async () => {
    await using store = await startObjectStore();
    const signs = [
      "\n",
      "\r\n",
      "\t",
      "\u0001",
      "\u007f",
      " ",
      "&amp;",
      "<",
      '"',
      "+",
      "%20",
      "?",
      "#",
      "\ufffe",
      "]]>",
    ];
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(...signs, "\u{10ffff}", "u\u0308"),
    );
    const anyKey = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `k${parts.join("")}`);
    // Ceph's gateway takes no key with this one: it answers InvalidRequest.
    const key = anyKey.filter((name) => !name.includes("\0"));
    const bytes = fc.uint8Array({ maxLength: 60 }).map((list) => Buffer.from(list).toString("latin1"));
    const objects = fc.uniqueArray(fc.tuple(key, bytes), { selector: ([name]) => name, minLength: 4, maxLength: 12 });
    const each = signs.map((sign): [string, string] => [`k${sign}`, sign]);
    for (const [n, list] of [each, ...fc.sample(objects, 3)].entries()) {
      const bucket = await Bucket.make(store, `keys-${n}`);
      // A first line that is none of an archive's beginnings.
      for (const [name, text] of list) await bucket.put(name, Buffer.from(`-\n${text}\n`, "latin1"));
      const ctx = new FakeSourceContext({ finite: true });
      await bucket.source().run(ctx);
      for (const [name, text] of list) {
        const own = ctx.records.filter(({ path }) => path === `s3://${bucket.name}/${name}`);
        const lines = Buffer.from(`-\n${text}`, "latin1").toString().split("\n");
        expect(own.map((record) => record.text)).toEqual(lines.map((line) => line.replace(/\r$/, "")));
      }
      bucket.close();
    }
  },
  300_000,
);

test("a store that lists out of order is refused: after a restart objects would be left out", async () => {
  const key = (name: string) => `<Contents><Key>${name}</Key><ETag>"e"</ETag><Size>2</Size></Contents>`;
  const listing = `<ListBucketResult><IsTruncated>false</IsTruncated>${key("b")}${key("a")}</ListBucketResult>`;
  const server = createServer((request, response) => {
    response.end(request.url?.includes("list-type") ? listing : "x\n");
  }).listen(0, "127.0.0.1");
  await vi.waitFor(() => expect(server.address()).not.toBeNull());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = s3Source.options.parse({ bucket: "b", endpoint, access_key_id: "a", secret_access_key: "b" });
  const context = { name: "in", pipeline: "p", baseDir: ".", hostname: "h", warn: () => {} };
  const ctx = new FakeSourceContext({ finite: true });
  await expect(s3Source.create(options, context).run(ctx)).rejects.toThrow(
    "in the order of their keys (ListOutOfOrder)",
  );
  expect(ctx.texts).not.toContain("");
  server.closeAllConnections();
  server.close();
}, 60_000);
