import { SluiceError } from "@sluice/core";

/** An `s3://BUCKET/PREFIX` argument; null for any other. Throws SLUICE_USAGE for one without a bucket. */
export function parseS3Address(argument: string): { readonly bucket: string; readonly prefix: string } | null {
  if (!/^s3:\/\//i.test(argument)) return null;
  const [bucket = "", ...rest] = argument.slice(5).split("/");
  if (bucket !== "") return { bucket, prefix: rest.join("/") };
  throw new SluiceError("SLUICE_USAGE", `${argument} names no bucket`, { hint: "write s3://BUCKET/PREFIX" });
}
