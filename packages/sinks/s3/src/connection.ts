import { CreateBucketCommand, HeadBucketCommand, type S3Client } from "@aws-sdk/client-s3";
import { isCredentialsFault, s3Client } from "@sluice/aws";
import type { Logger } from "@sluice/core";
import type { S3Options } from "./options.ts";
import { errorName, fault, statusOf, urlOf } from "./store-errors.ts";

/** The client of the store, with what has to be mended before a request may succeed at the next attempt. */
export class Connection {
  readonly #options: S3Options;
  readonly #log: Logger;
  #client: S3Client;

  private constructor(client: S3Client, options: S3Options, log: Logger) {
    this.#client = client;
    this.#options = options;
    this.#log = log;
  }

  /** It reads credentials and certificates; rejects with SLUICE_CONFIG when they cannot be read. */
  static async open(options: S3Options, log: Logger): Promise<Connection> {
    return new Connection(await newClient(options), options, log);
  }

  /** To be asked for at each request: it is another one after the credentials had to be read again. */
  get client(): S3Client {
    return this.#client;
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

  /** One attempt of `action`; rejects with a SluiceError that says `what` could not be done `at` which place. */
  async attempt<T>(what: string, at: { bucket: string; key: string }, action: () => Promise<T>): Promise<T> {
    try {
      return await this.#withBucket(at.bucket, action);
    } catch (error) {
      if (isCredentialsFault(error)) await this.#renew();
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
}

function newClient(options: S3Options): Promise<S3Client> {
  return s3Client(options, { maxAttempts: 1 });
}
