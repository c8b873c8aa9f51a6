import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { listedKey, nextPage } from "@sluice/aws";
import type { Logger } from "@sluice/core";
import { Connection } from "./connection.ts";
import { CUT_METADATA, objectHeaders } from "./object-headers.ts";
import type { S3Options } from "./options.ts";
import { errorName, fault, foreign, statusOf, urlOf } from "./store-errors.ts";
import type { OpenUpload } from "./sweep.ts";

/** Below this lib-storage takes no size of parts. */
const SMALLEST_PART = 5 * 1024 * 1024;

/** One object to be written. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  /** Id of the cut that it is of. */
  readonly cut: string;
  /** It was begun in an earlier run, so that what is at its key is older content of its own. */
  readonly again: boolean;
}

/** What became of a write: `lost` means that the store does not know the upload any more. */
export type Written = "stored" | "lost";

/** The few requests that the sink makes. Each is one attempt; it rejects with a SluiceError for a person. */
export class ObjectStore {
  readonly #connection: Connection;
  readonly #options: S3Options;
  readonly #log: Logger;
  #conditional: boolean;

  constructor(connection: Connection, options: S3Options, log: Logger) {
    this.#connection = connection;
    this.#options = options;
    this.#log = log;
    this.#conditional = options.conditional === "auto";
  }

  /** Writes an object that is whole, in one request. */
  async put(object: ObjectName, body: Buffer): Promise<void> {
    // Parts of its own making would be uploads that no journal knows: it must not make any.
    const partSize = Math.max(SMALLEST_PART, body.length + 1);
    const send = (condition: object) => {
      const params = { ...objectHeaders(object, this.#options), Body: body, ...condition };
      return new Upload({ client: this.#connection.client, params, partSize, queueSize: 1 }).done();
    };
    await this.#connection.attempt("write", object, () => this.#conditionally(object, send));
  }

  async create(object: ObjectName): Promise<string> {
    const command = new CreateMultipartUploadCommand(objectHeaders(object, this.#options));
    const { UploadId: id } = await this.#connection.attempt("begin", object, () =>
      this.#connection.client.send(command),
    );
    if (!id) throw fault(new Error("the store gave the upload no id"), `cannot begin ${urlOf(object)}`);
    return id;
  }

  /** The part's ETag, or `lost`. */
  async part(object: ObjectName, upload: string, number: number, body: Buffer): Promise<CompletedPart | "lost"> {
    const input = { Bucket: object.bucket, Key: object.key, UploadId: upload, PartNumber: number };
    const command = new UploadPartCommand({ ...input, Body: body, ContentLength: body.length });
    return this.#connection.attempt(`write part ${number} of`, object, async () => {
      try {
        const { ETag, ChecksumCRC32 } = await this.#connection.client.send(command);
        return { PartNumber: number, ...(ETag && { ETag }), ...(ChecksumCRC32 && { ChecksumCRC32 }) };
      } catch (error) {
        if (errorName(error) === "NoSuchUpload") return "lost";
        throw error;
      }
    });
  }

  async complete(object: ObjectName, upload: string, parts: readonly CompletedPart[]): Promise<Written> {
    const input = { Bucket: object.bucket, Key: object.key, UploadId: upload, MultipartUpload: { Parts: [...parts] } };
    const send = (condition: object) =>
      this.#connection.client.send(new CompleteMultipartUploadCommand({ ...input, ...condition }));
    return this.#connection.attempt("complete", object, async () => {
      try {
        await this.#conditionally(object, send);
        return "stored";
      } catch (error) {
        if (errorName(error) !== "NoSuchUpload") throw error;
        // An earlier attempt may have done it, and only its answer got lost.
        return (await this.#cutAt(object)) === object.cut ? "stored" : "lost";
      }
    });
  }

  /** Ends an upload that is not wanted any more. That there is none is just as well. */
  async abort(bucket: string, key: string, upload: string): Promise<void> {
    const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: upload });
    await this.#connection.attempt("abort", { bucket, key }, async () => {
      try {
        await this.#connection.client.send(command);
      } catch (error) {
        if (!GONE.has(errorName(error))) throw error;
      }
    });
  }

  /** Aborts all uploads of one key, as long as they are not wanted. */
  async abortAll(bucket: string, key: string, isUnwanted: () => boolean = () => true): Promise<void> {
    try {
      for await (const upload of this.openUploads(bucket, key)) {
        if (upload.key === key && isUnwanted()) await this.abort(bucket, key, upload.id);
      }
    } catch (error) {
      if (!GONE.has(errorName((error as Error).cause))) throw error;
    }
  }

  /** Uploads under a prefix that were begun and not ended. */
  async *openUploads(bucket: string, prefix: string): AsyncGenerator<OpenUpload> {
    for (let from: UploadsPage | undefined = { KeyMarker: "", UploadIdMarker: "" }; from; ) {
      const page = await this.#uploadsAt(bucket, prefix, from);
      for (const { Key: key, UploadId: id, Initiated: begun } of page.uploads) {
        if (key && id) yield { bucket, key, id, begun: begun?.getTime() ?? 0 };
      }
      from = page.next;
    }
  }

  async #uploadsAt(bucket: string, prefix: string, from: UploadsPage) {
    const isFirst = from.KeyMarker === "" && from.UploadIdMarker === "";
    const place = { Bucket: bucket, Prefix: prefix, ...(!isFirst && from) };
    return this.#connection.attempt("list the uploads of", { bucket, key: prefix }, async () => {
      const { page, encoding } = await this.#askForUploads(place);
      const key = (text: string | undefined) => listedKey(text ?? "", encoding);
      const next: UploadsPage = { KeyMarker: key(page.NextKeyMarker), UploadIdMarker: page.NextUploadIdMarker ?? "" };
      const more = nextPage(page.IsTruncated, JSON.stringify(next), JSON.stringify(from));
      const uploads = (page.Uploads ?? []).map((upload) => ({ ...upload, Key: key(upload.Key) }));
      return { uploads, next: more === undefined ? undefined : next };
    });
  }

  /**
   * A page of uploads. Keys with characters that XML has no form for make it unreadable: only then it is asked for in URL
   * encoding, as Ceph does not tell whether it has encoded.
   */
  async #askForUploads(place: ListMultipartUploadsCommandInput) {
    const { client } = this.#connection;
    try {
      return { page: await client.send(new ListMultipartUploadsCommand(place)), encoding: undefined };
    } catch (error) {
      if (!(error as Error).message.includes("Deserialization error")) throw error;
      const encoding = "url" as const;
      return {
        page: await client.send(new ListMultipartUploadsCommand({ ...place, EncodingType: encoding })),
        encoding,
      };
    }
  }

  /** Whether the object is there as its cut says. False as well where the credentials may not look. */
  async isStored(object: ObjectName): Promise<boolean> {
    return (await this.#connection.attempt("look for", object, () => this.#cutAt(object))) === object.cut;
  }

  /** Whether anything is at a key. False as well where the credentials may not look. */
  async exists(bucket: string, key: string): Promise<boolean> {
    const found = await this.#connection.attempt("look for", { bucket, key }, () => this.#cutAt({ bucket, key }));
    return found !== undefined;
  }

  /** Id of the cut of which there is an object, empty for another's object, undefined when there is none. */
  async #cutAt({ bucket, key }: { readonly bucket: string; readonly key: string }): Promise<string | undefined> {
    try {
      const { Metadata } = await this.#connection.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return Metadata?.[CUT_METADATA] ?? "";
    } catch (error) {
      const status = statusOf(error);
      if (status === 404 || status === 403) return undefined;
      throw error;
    }
  }

  /** New objects are only written where nothing is, where the store can do that. */
  async #conditionally(object: ObjectName, send: (condition: object) => Promise<unknown>): Promise<void> {
    if (!this.#conditional || object.again) return void (await send({}));
    try {
      await send({ IfNoneMatch: "*" });
    } catch (error) {
      if (statusOf(error) === 501 || errorName(error) === "NotImplemented") {
        this.#conditional = false;
        this.#log.info({ bucket: object.bucket }, "the store has no conditional writes; objects are written without");
        return void (await send({}));
      }
      if (statusOf(error) !== 412) throw error;
      await this.#onConflict(object, send);
    }
  }

  /** Something is at the key: an earlier attempt of this one, or what the same input became when it was read before. */
  async #onConflict(object: ObjectName, send: (condition: object) => Promise<unknown>): Promise<void> {
    const cut = await this.#cutAt(object);
    if (cut === object.cut) return;
    if (cut === "") throw foreign(object);
    await send({});
  }

  /** Tells whether the bucket is there and may be written to, as far as that can be told without writing. */
  check(signal: AbortSignal): Promise<void> {
    return this.#connection.check(signal);
  }

  close(): void {
    this.#connection.close();
  }
}

/** Where a page of open uploads begins; the first has empty markers. */
interface UploadsPage {
  readonly KeyMarker: string;
  readonly UploadIdMarker: string;
}

const GONE: ReadonlySet<string> = new Set(["NoSuchUpload", "NoSuchBucket", "NoSuchKey"]);

/** Opens a client. It reads credentials and certificates; rejects with SLUICE_CONFIG when they cannot be read. */
export async function openStore(options: S3Options, log: Logger): Promise<ObjectStore> {
  return new ObjectStore(await Connection.open(options, log), options, log);
}
