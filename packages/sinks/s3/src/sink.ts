import { type CreateContext, type SinkDefinition, type StreamingSink, silentLogger } from "@sluice/core";
import { s3Encoder } from "./encoder.ts";
import { type S3Options, s3LongForm, s3Options } from "./options.ts";

/** Objects in an S3 bucket. */
export const s3Sink: SinkDefinition<S3Options, StreamingSink> = {
  kind: "sink",
  type: "s3",
  summary: "Stores events as compressed objects in S3 or a store like it, each exactly once.",
  options: s3Options,
  longForm: s3LongForm,
  encoder: ({ format }, ctx) => s3Encoder(format, ctx.hostname),
  create,
};

/** The SDK is loaded when the sink runs: the workers, which only encode, need none of it. */
function create(options: S3Options, ctx: CreateContext): StreamingSink {
  if (options.tls?.verify === false)
    ctx.warn("the store's certificate is not verified: whoever is in between can read");
  return {
    async run(batches, run) {
      const { runSession } = await import("./session.ts");
      await runSession(options, ctx, batches, run);
    },
    async check(signal) {
      const { openStore } = await import("./store.ts");
      const store = await openStore(options, silentLogger);
      try {
        await store.check(signal);
      } finally {
        store.close();
      }
    },
  };
}
