import type { PipelineSpec, Value } from "@sluice/core";

/**
 * Gives the client for a bucket, one for all calls with the same: with the connection of the pipeline's own S3 sink or
 * source where one names that bucket, else with what the environment says.
 */
export function connector(spec: PipelineSpec) {
  return async (bucket: string) => {
    const { readConnection, s3Client } = await import("@sluice/aws");
    const own = [...spec.sinks, ...spec.sources].find(
      ({ type, options }) => type === "s3" && bucketOf(options) === bucket,
    );
    return s3Client(readConnection(own?.options ?? {}));
  };
}

function bucketOf(options: Value): Value | undefined {
  return typeof options === "object" && options !== null && "bucket" in options ? options.bucket : undefined;
}
