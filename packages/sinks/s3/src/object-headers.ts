import type { CreateMultipartUploadCommandInput } from "@aws-sdk/client-s3";
import type { S3Options } from "./options.ts";

/** Metadata under which an object says which cut it is of. */
export const CUT_METADATA = "sluice-cut";

const CONTENT_TYPES = {
  gzip: "application/gzip",
  zstd: "application/zstd",
  ndjson: "application/x-ndjson",
  raw: "text/plain; charset=utf-8",
} as const;

/** What every request says that makes an object: its name, what it is, and how the store shall keep it. */
export function objectHeaders(
  { bucket, key, cut }: { readonly bucket: string; readonly key: string; readonly cut: string },
  options: S3Options,
): CreateMultipartUploadCommandInput {
  const { storage_class: storageClass, acl, tags, encryption, format, compression, content_encoding } = options;
  // Not URLSearchParams: stores disagree on whether a plus is a space.
  const tagging = Object.entries(tags)
    .map((tag) => tag.map(encodeURIComponent).join("="))
    .join("&");
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
