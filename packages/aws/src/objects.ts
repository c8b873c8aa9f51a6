import type { Readable } from "node:stream";
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { SluiceError } from "@sluice/core";
import { ObjectChangedError } from "./faults.ts";

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  /** Without quotes; may be empty where a store gives none. */
  readonly etag: string;
  readonly size: number;
  /** When it was last written, in milliseconds since the epoch; for multipart uploads some stores give the beginning. */
  readonly modified: number;
}

/**
 * Objects under a prefix, in the order of their keys, a page of at most 1000 held at a time. Throws an error
 * named `NoList` when the answer is something else, and `ListWithoutEnd` when its pages do not lead on to the next one.
 */
export async function* listObjects(
  client: S3Client,
  place: { readonly bucket: string; readonly prefix: string; readonly after?: string },
  signal?: AbortSignal,
): AsyncGenerator<ListedObject> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: place.bucket,
      Prefix: place.prefix,
      EncodingType: "url",
      ...(place.after ? { StartAfter: place.after } : {}),
      ...(token !== undefined && { ContinuationToken: token }),
    });
    const page = await client.send(command, signal ? { abortSignal: signal } : {});
    // Every store says that; a proxy's page does not, and must not pass for an empty bucket: its objects would be skipped.
    if (page.IsTruncated === undefined) throw Object.assign(new Error("no list of objects"), { name: "NoList" });
    for (const { Key, ETag, Size, LastModified } of page.Contents ?? []) {
      if (Key === undefined) continue;
      const etag = (ETag ?? "").replaceAll('"', "");
      yield { key: listedKey(Key, page.EncodingType), etag, size: Size ?? 0, modified: LastModified?.getTime() ?? 0 };
    }
    token = nextPage(page.IsTruncated, page.NextContinuationToken, token);
  } while (token !== undefined);
}

/**
 * A key as a list shows it. Lists are asked for in URL encoding: XML has no form for some characters of keys, and one such key
 * would make the whole list unreadable. Stores that do not know that say so by leaving `encoding` out.
 */
export function listedKey(key: string, encoding: string | undefined): string {
  if (encoding !== "url") return key;
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

/**
 * Where the next page of a listing begins; undefined behind the last. Throws an error named `ListWithoutEnd` where the store
 * says that there is one and does not say where, or names the one that it has just given: else objects would be left out, or
 * listed for ever.
 */
export function nextPage(hasMore: boolean | undefined, next: string | undefined, last: string | undefined) {
  if (!hasMore) return undefined;
  if (next !== undefined && next !== "" && next !== last) return next;
  throw Object.assign(new Error("there is no next page"), { name: "ListWithoutEnd" });
}

/**
 * The bytes of an object from `offset` on. However the loop over them ends, the body is destroyed: one that is left
 * unread would hold its socket for ever. Throws {@link ObjectChangedError} when it is another object by now, and an
 * error named `TimeoutError` when no byte comes for `stillMs`.
 */
export async function* readObject(
  client: S3Client,
  object: { readonly bucket: string; readonly key: string; readonly etag: string },
  options: { readonly offset?: number; readonly stillMs: number; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { offset = 0, signal } = options;
  const opened = await openBody(client, object, offset, signal);
  if (!opened) return;
  const { body, startsAt } = opened;
  const stop = () => void body.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    let toSkip = offset - startsAt;
    for await (const chunk of watched(body, options.stillMs)) {
      if (toSkip < chunk.length) yield chunk.subarray(toSkip);
      toSkip = Math.max(0, toSkip - chunk.length);
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    // A destroyed body may still report the end of its socket.
    body.on("error", () => {});
    body.destroy();
  }
}

/** The body of an object and the offset at which it begins; null when the object ends before that. */
async function openBody(
  client: S3Client,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
  offset: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly body: Readable; readonly startsAt: number } | null> {
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(etag !== "" && { IfMatch: `"${etag}"` }),
    ...(offset > 0 && { Range: `bytes=${offset}-` }),
  });
  try {
    const { Body, $metadata } = await client.send(command, signal ? { abortSignal: signal } : {});
    if (!Body) throw new SluiceError("SLUICE_SOURCE", `s3://${bucket}/${key}: the store's answer has no body`);
    // A store may send the whole object all the same.
    return { body: Body as Readable, startsAt: $metadata.httpStatusCode === 206 ? offset : 0 };
  } catch (error) {
    const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
    const gone = name === "NoSuchKey" || name === "NotFound" || name === "PreconditionFailed";
    if (gone || $metadata?.httpStatusCode === 412) {
      throw new ObjectChangedError(`s3://${bucket}/${key} was overwritten or deleted`, { cause: error });
    }
    if ($metadata?.httpStatusCode === 416) return null;
    throw error;
  }
}

/** The chunks of a body, which is ended when nothing comes although it is waited for. */
async function* watched(body: Readable, stillMs: number): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const timer = setTimeout(() => body.destroy(stoodStill(stillMs)), stillMs);
    const next = await chunks.next().finally(() => clearTimeout(timer));
    if (next.done) return;
    yield next.value;
  }
}

function stoodStill(ms: number): Error {
  return Object.assign(new Error(`no byte came for ${ms / 1000} s`), { name: "TimeoutError" });
}
