import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { s3Client, s3Fault } from "@sluice/aws";
import { type Logger, SluiceError } from "@sluice/core";
import type { S3Options } from "./options.ts";
import type { OpenUpload } from "./sweep.ts";

/** Below this lib-storage takes no size of parts. */
const SMALLEST_PART = 5 * 1024 * 1024;
/** Metadata under which an object says which cut it is of. */
const CUT_METADATA = "sluice-cut";

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

/** What the store says of credentials that are wrong or worn out. */
const CREDENTIALS = new Set([
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
]);

/** The few requests that the sink makes. Each is one attempt; it rejects with a SluiceError for a person. */
export class ObjectStore {
  #client: S3Client;
  readonly #options: S3Options;
  readonly #log: Logger;
  #conditional: boolean;

  constructor(client: S3Client, options: S3Options, log: Logger) {
    this.#client = client;
    this.#options = options;
    this.#log = log;
    this.#conditional = options.conditional === "auto";
  }

  /** Writes an object that is whole, in one request. */
  async put(object: ObjectName, body: Buffer): Promise<void> {
    // Parts of its own making would be uploads that no journal knows: it must not make any.
    const partSize = Math.max(SMALLEST_PART, body.length + 1);
    const send = (condition: object) => {
      const params = { ...this.#headers(object), Body: body, ...condition };
      return new Upload({ client: this.#client, params, partSize, queueSize: 1 }).done();
    };
    await this.#try("write", object, () => this.#conditionally(object, send));
  }

  async create(object: ObjectName): Promise<string> {
    const command = new CreateMultipartUploadCommand(this.#headers(object));
    const { UploadId: id } = await this.#try("begin", object, () => this.#client.send(command));
    if (!id) throw fault(new Error("the store gave the upload no id"), `cannot begin ${urlOf(object)}`);
    return id;
  }

  /** The part's ETag, or `lost`. */
  async part(object: ObjectName, upload: string, number: number, body: Buffer): Promise<CompletedPart | "lost"> {
    const input = { Bucket: object.bucket, Key: object.key, UploadId: upload, PartNumber: number };
    const command = new UploadPartCommand({ ...input, Body: body, ContentLength: body.length });
    return this.#try(`write part ${number} of`, object, async () => {
      try {
        const { ETag, ChecksumCRC32 } = await this.#client.send(command);
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
      this.#client.send(new CompleteMultipartUploadCommand({ ...input, ...condition }));
    return this.#try("complete", object, async () => {
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
    await this.#try("abort", { bucket, key }, async () => {
      try {
        await this.#client.send(command);
      } catch (error) {
        if (!GONE.has(errorName(error))) throw error;
      }
    });
  }

  /** Aborts all uploads of one key. */
  async abortAll(bucket: string, key: string): Promise<void> {
    try {
      for await (const upload of this.openUploads(bucket, key)) {
        if (upload.key === key) await this.abort(bucket, key, upload.id);
      }
    } catch (error) {
      if (!GONE.has(errorName((error as Error).cause))) throw error;
    }
  }

  /** Uploads under a prefix that were begun and not ended. */
  async *openUploads(bucket: string, prefix: string): AsyncGenerator<OpenUpload> {
    let from: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (from) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket: bucket,
        Prefix: prefix,
        ...from,
      });
      const page = await this.#try("list the uploads of", { bucket, key: prefix }, () => this.#client.send(command));
      for (const { Key: key, UploadId: id, Initiated: begun } of page.Uploads ?? []) {
        if (key && id) yield { bucket, key, id, begun: begun?.getTime() ?? 0 };
      }
      from = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker ?? "", UploadIdMarker: page.NextUploadIdMarker ?? "" }
        : undefined;
    }
  }

  /** Whether the object is there as its cut says. False as well where the credentials may not look. */
  async isStored(object: ObjectName): Promise<boolean> {
    return (await this.#try("look for", object, () => this.#cutAt(object))) === object.cut;
  }

  /** Whether anything is at a key. False as well where the credentials may not look. */
  async exists(bucket: string, key: string): Promise<boolean> {
    const found = await this.#try("look for", { bucket, key }, () => this.#cutAt({ bucket, key }));
    return found !== undefined;
  }

  /** Tells whether the bucket is there and may be written to, as far as that can be told without writing. */
  async check(signal: AbortSignal): Promise<void> {
    const { bucket, create_bucket: create } = this.#options;
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: signal });
    } catch (error) {
      if (create && statusOf(error) === 404) return;
      throw fault(error, `cannot reach s3://${bucket}`);
    }
  }

  close(): void {
    this.#client.destroy();
  }

  /** Id of the cut of which there is an object, empty for another's object, undefined when there is none. */
  async #cutAt({ bucket, key }: { readonly bucket: string; readonly key: string }): Promise<string | undefined> {
    try {
      const { Metadata } = await this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
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

  async #try<T>(what: string, at: { bucket: string; key: string }, action: () => Promise<T>): Promise<T> {
    try {
      return await this.#withBucket(at.bucket, action);
    } catch (error) {
      if (CREDENTIALS.has(errorName(error))) await this.#renew();
      throw fault(error, `cannot ${what} ${urlOf(at)}`);
    }
  }

  /** The SDK keeps credentials as it has found them first: only a new client sees those that were put right since. */
  async #renew(): Promise<void> {
    const old = this.#client;
    this.#client = await newClient(this.#options);
    old.destroy();
  }

  /** Makes the bucket when that is what was missing, and wanted. */
  async #withBucket<T>(bucket: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (errorName(error) !== "NoSuchBucket" || !this.#options.create_bucket) throw error;
    }
    await this.#createBucket(bucket);
    return action();
  }

  async #createBucket(bucket: string): Promise<void> {
    const region = await this.#client.config.region();
    const isPlain = region === "us-east-1" || this.#options.endpoint !== undefined;
    const place = isPlain ? {} : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } };
    try {
      await this.#client.send(new CreateBucketCommand({ Bucket: bucket, ...place }));
      this.#log.info({ bucket }, "made the bucket");
    } catch (error) {
      if (!["BucketAlreadyOwnedByYou", "BucketAlreadyExists"].includes(errorName(error))) {
        throw fault(error, `cannot make the bucket ${bucket}`);
      }
    }
  }

  #headers({ bucket, key, cut }: ObjectName): CreateMultipartUploadCommandInput {
    const { storage_class: storageClass, acl, tags, encryption, format, compression, content_encoding } = this.#options;
    const tagging = new URLSearchParams(tags).toString();
    return {
      Bucket: bucket,
      Key: key,
      Metadata: { [CUT_METADATA]: cut },
      ContentType: CONTENT_TYPES[content_encoding || compression === "none" ? format : compression],
      ...(content_encoding && compression !== "none" && { ContentEncoding: compression }),
      ...(storageClass && { StorageClass: storageClass as "STANDARD" }),
      ...(acl && { ACL: acl as "private" }),
      ...(tagging && { Tagging: tagging }),
      ...(encryption && { ServerSideEncryption: encryption.type }),
      ...(encryption?.kms_key && { SSEKMSKeyId: encryption.kms_key }),
      ...(encryption?.bucket_key !== undefined && { BucketKeyEnabled: encryption.bucket_key }),
    };
  }
}

const GONE: ReadonlySet<string> = new Set(["NoSuchUpload", "NoSuchBucket", "NoSuchKey"]);
const CONTENT_TYPES = {
  gzip: "application/gzip",
  zstd: "application/zstd",
  ndjson: "application/x-ndjson",
  raw: "text/plain; charset=utf-8",
} as const;

function urlOf({ bucket, key }: { readonly bucket: string; readonly key: string }): string {
  return `s3://${bucket}/${key}`;
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function errorName(error: unknown): string {
  const { Code, code, name } = Object(error) as { Code?: unknown; code?: unknown; name?: unknown };
  return [Code, code, name].find((one): one is string => typeof one === "string") ?? "Error";
}

function fault(error: unknown, where: string): SluiceError {
  return s3Fault(error, where, "SLUICE_STORE");
}

function foreign(object: ObjectName): SluiceError {
  const text = `cannot write ${urlOf(object)}: an object that is not sluice's is there`;
  return new SluiceError("SLUICE_STORE", text, {
    hint: "move it away; sluice waits, and overwrites nothing of others",
  });
}

function newClient(options: S3Options): Promise<S3Client> {
  return s3Client(options, { maxAttempts: 1 });
}

/** Opens a client. It reads credentials and certificates; rejects with SLUICE_CONFIG when they cannot be read. */
export async function openStore(options: S3Options, log: Logger): Promise<ObjectStore> {
  return new ObjectStore(await newClient(options), options, log);
}
