import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { ObjectStore } from "@sluice/testkit";
import { expect } from "vitest";

/** Options of a sink `s3` that writes to a store of the tests, for a pipeline file in flow style. */
export function s3Options(store: Pick<ObjectStore, "endpoint" | "accessKey" | "secretKey">, bucket: string): string {
  return `type: s3, bucket: ${bucket}, endpoint: '${store.endpoint}', access_key_id: ${store.accessKey}, secret_access_key: ${store.secretKey}`;
}

/** The content of every object below a prefix, unpacked, by key; downloaded with another client than sluice's. */
export async function readObjects(
  store: ObjectStore,
  bucket: string,
  dir: string,
  prefix = "",
): Promise<Map<string, Buffer>> {
  await store.client.download(bucket, dir, prefix);
  const objects = new Map<string, Buffer>();
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    objects.set(path.relative(dir, file), unpack(entry.name, await readFile(file)));
  }
  return objects;
}

function unpack(name: string, bytes: Buffer): Buffer {
  if (name.endsWith(".gz")) return gunzipSync(bytes);
  return name.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes;
}

/** Checks that NDJSON objects together hold each line of each file exactly once, with its text. */
export function expectEachLineOnce(objects: Iterable<Buffer>, files: ReadonlyMap<string, Buffer>): void {
  const seen = new Map<string, number>();
  let wrong = 0;
  for (const object of objects) {
    for (const line of object.toString("utf8").split("\n")) {
      if (line === "") continue;
      const event = JSON.parse(line) as Record<string, unknown>;
      const file = event["log.file.path"] as string;
      const offset = event["log.offset"] as number;
      const text = files.get(file) as Buffer;
      if (text.toString("utf8", offset, text.indexOf(10, offset)) !== event["message"]) wrong++;
      const place = `${file}:${offset}`;
      seen.set(place, (seen.get(place) ?? 0) + 1);
    }
  }
  let missing = 0;
  let lines = 0;
  for (const [file, text] of files) {
    for (let at = 0; at < text.length; at = text.indexOf(10, at) + 1) {
      lines++;
      if (!seen.has(`${file}:${at}`)) missing++;
    }
  }
  const twice = [...seen.values()].filter((n) => n > 1).length;
  expect({ missing, twice, wrong, lines: seen.size }).toEqual({ missing: 0, twice: 0, wrong: 0, lines });
}
