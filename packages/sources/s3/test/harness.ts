import {
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { readConnection, s3Client } from "@sluice/aws";
import type { Logger } from "@sluice/core";
import type { ObjectStore } from "@sluice/testkit";
import { s3Source } from "../src/index.ts";

/** A bucket of a store, and sources over it. */
export class Bucket {
  readonly name: string;
  readonly #store: ObjectStore;
  readonly #client: S3Client;

  private constructor(store: ObjectStore, name: string, client: S3Client) {
    this.#store = store;
    this.name = name;
    this.#client = client;
  }

  static async make(store: ObjectStore, name: string): Promise<Bucket> {
    await store.client.makeBucket(name);
    return new Bucket(store, name, await s3Client(readConnection(connectionOf(store))));
  }

  async put(key: string, content: string | Uint8Array): Promise<void> {
    const Body = typeof content === "string" ? Buffer.from(content) : content;
    await this.#client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body }));
  }

  /** Forbids everyone to read an object. */
  async refuse(key: string): Promise<void> {
    const statement = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${this.name}/${key}`,
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    await this.#client.send(new PutBucketPolicyCommand({ Bucket: this.name, Policy }));
  }

  /** Takes back what `refuse` forbids. */
  async allow(): Promise<void> {
    await this.#client.send(new DeleteBucketPolicyCommand({ Bucket: this.name }));
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  source(options: object = {}) {
    const parsed = s3Source.options.parse({
      bucket: this.name,
      interval: "50ms",
      ...connectionOf(this.#store),
      ...options,
    });
    const warn = () => {};
    return s3Source.create(parsed, { name: "in", pipeline: "p", baseDir: ".", hostname: "h", warn });
  }

  close(): void {
    this.#client.destroy();
  }
}

function connectionOf({ endpoint, accessKey, secretKey }: ObjectStore) {
  return { endpoint, access_key_id: accessKey, secret_access_key: secretKey };
}

/** A logger that keeps what it is told. */
export function rememberingLogger(): Logger & { readonly messages: string[] } {
  const messages: string[] = [];
  const log = (_: object, message: string) => void messages.push(message);
  return { messages, debug: log, info: log, warn: log, error: log };
}
