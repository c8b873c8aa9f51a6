import { listObjects, s3Client, s3Fault } from "@sluice/aws";
import { orStopped, type Source, type SourceContext } from "@sluice/core";
import type { S3SourceOptions } from "./options.ts";
import { Reading } from "./reading.ts";

/** Reads the objects under a prefix, in the order of their keys, one at a time. */
export class S3Source implements Source {
  readonly #options: S3SourceOptions;

  constructor(options: S3SourceOptions) {
    this.#options = options;
  }

  async run(ctx: SourceContext): Promise<void> {
    const client = await s3Client(this.#options);
    try {
      await orStopped(new Reading(client, this.#options, ctx).run(), ctx.stop);
    } finally {
      client.destroy();
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const client = await s3Client(this.#options);
    const { bucket, prefix } = this.#options;
    try {
      for await (const _ of listObjects(client, { bucket, prefix }, signal)) return;
    } catch (error) {
      throw s3Fault(error, `cannot list s3://${bucket}/${prefix}`);
    } finally {
      client.destroy();
    }
  }
}
