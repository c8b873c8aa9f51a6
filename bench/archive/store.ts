import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { type ObjectStore, requireObjectStore, startObjectStore } from "@sluice/testkit";

export const BUCKET = "bench";
/** What 5 GB of logs are when packed, with room to spare. It is memory. */
const CAPACITY = 6 * 1024 ** 3;
const NEWLINE = 10;

/** Starts a real store with an empty bucket. Throws where none can be had. */
export async function openObjectStore(): Promise<ObjectStore> {
  if (!requireObjectStore()) throw new Error("the job s3 needs Debian's Ceph and s3cmd");
  const store = await startObjectStore({ capacity: CAPACITY });
  await store.client.makeBucket(BUCKET);
  return store;
}

/** The files below a directory. */
export async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Lines in a gzip file, without holding them. */
export async function countLines(file: string): Promise<number> {
  const unpacked = createReadStream(file).pipe(createGunzip());
  let lines = 0;
  unpacked.on("data", (data: Buffer) => {
    for (let at = data.indexOf(NEWLINE); at >= 0; at = data.indexOf(NEWLINE, at + 1)) lines++;
  });
  await once(unpacked, "end");
  return lines;
}

/** The events in a gzip file of NDJSON. */
export async function readEvents(file: string): Promise<Record<string, unknown>[]> {
  const events: Record<string, unknown>[] = [];
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
  for await (const line of lines) events.push(JSON.parse(line) as Record<string, unknown>);
  return events;
}
