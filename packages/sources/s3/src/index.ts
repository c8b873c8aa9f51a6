import type { SourceDefinition } from "@sluice/core";
import { type S3SourceOptions, s3Options } from "./options.ts";
import { S3Source } from "./source.ts";

/** Source `s3`: the lines of objects under a prefix, once or as they come. */
export const s3Source: SourceDefinition<S3SourceOptions> = {
  kind: "source",
  type: "s3",
  summary: "Reads objects under a prefix, plain, gzip or zstd: lines, or events that a sluice has archived.",
  options: s3Options,
  create(options, { warn }) {
    if (options.tls?.verify === false) warn("the store's certificate is not verified: whoever is in between can read");
    return new S3Source(options);
  },
};
