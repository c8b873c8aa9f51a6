import type { S3Client } from "@aws-sdk/client-s3";
import { listObjects, readObject, s3Fault } from "@sluice/aws";
import { SluiceError } from "@sluice/core";
import { type Archive, believableTime } from "./archive.ts";

/** Milliseconds without a byte after which an object's body is given up and asked for again. */
const STILL_MS = 60_000;

/** The objects under a prefix, in the order of their keys. Throws SLUICE_SOURCE when they cannot be listed. */
export async function findObjects(client: S3Client, place: { bucket: string; prefix: string }): Promise<Archive[]> {
  const address = `s3://${place.bucket}/${place.prefix}`;
  const archives: Archive[] = [];
  try {
    for await (const { key, etag, size: bytes, modified } of listObjects(client, place)) {
      // A key that ends with a slash is what consoles show as a directory.
      if (bytes === 0) continue;
      const object = { bucket: place.bucket, key, etag };
      const read = (signal: AbortSignal, offset: number) =>
        readObject(client, object, { offset, stillMs: STILL_MS, signal });
      archives.push({
        name: `s3://${place.bucket}/${key}`,
        bytes,
        writtenBy: believableTime(modified),
        etag,
        isFound: true,
        read,
      });
    }
  } catch (error) {
    throw s3Fault(error, `cannot list ${address}`);
  }
  if (archives.length > 0) return archives;
  throw new SluiceError("SLUICE_USAGE", `${address}: there is no such object`, {
    hint: "check the prefix and the endpoint",
  });
}
