import { keysBelongTogether, s3Connection } from "@sluice/aws/connection";
import { duration, lineFormat, size } from "@sluice/core";
import { z } from "zod";
import { DEFAULT_KEY, keyTemplate, LABORATORY_KEY } from "./key-template.ts";

const MIB = 1024 * 1024;
/** What S3 demands of every part but the last. */
const SMALLEST_PART = 5 * MIB;
const MOST_PARTS = 10_000;

/** gzip's on access logs: half the CPU time of level 6, for objects that are an eighth larger. */
export const DEFAULT_LEVELS = { gzip: 4, zstd: 3 };

const encryption = z
  .strictObject({
    type: z.enum(["AES256", "aws:kms", "aws:kms:dsse"]).describe("With the store's own key, or with one of KMS."),
    kms_key: z.string().min(1).optional().describe("Id or ARN of the KMS key; else the account's default one."),
    bucket_key: z.boolean().optional().describe("Use an S3 Bucket Key, which costs fewer calls to KMS."),
  })
  .refine(({ type, kms_key: key }) => key === undefined || type !== "AES256", {
    path: ["kms_key"],
    message: "is for aws:kms",
  })
  .describe("Server-side encryption; without it the bucket's own rule holds.");

const template = z.string().superRefine((text, ctx) => {
  try {
    keyTemplate(text);
  } catch (error) {
    ctx.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const shape = z.strictObject({
  bucket: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/, "3 to 255 letters, digits, dots and dashes")
    .describe("Bucket to write to, e.g. `logs` or `${ADDRESS}-logs`."),
  create_bucket: z.boolean().default(false).describe("Make the bucket when it is missing."),
  prefix: z
    .string()
    .refine((text) => !/^\/|\/\/|\.\./.test(text), "no leading `/`, no `//`, no `..`: stores disagree on such keys")
    .default("")
    .describe("Beginning of every key, e.g. `logs/`."),
  naming: z
    .enum(["hive", "laboratory"])
    .default("hive")
    .describe(
      `\`hive\`: \`${DEFAULT_KEY}\`. \`laboratory\`: \`${LABORATORY_KEY}\`, raw and uncompressed unless told otherwise, ` +
        "a directory for each minute, its pieces aa, ab, …",
    ),
  key: template
    .optional()
    .describe(
      "Template of the keys instead of `naming`. Has `{prefix}`, `{pipeline}`, `{source}`, `{host}`, `{ext}`, event time in " +
        "UTC as `{date}`, `{YYYY}`, `{MM}`, `{DD}`, `{HH}`, `{mm}`, and `{position}` (of the object's first event) or " +
        "`{piece}` (aa, ab, …): one of the two, so that no object overwrites another.",
    ),
  format: lineFormat
    .unwrap()
    .optional()
    .describe("`ndjson`: one JSON object a line; `raw`: the message only. Default `ndjson`; `laboratory`: `raw`."),
  compression: z.enum(["gzip", "zstd", "none"]).optional().describe("Default `gzip`."),
  level: z.int().min(1).max(19).optional().describe("1 to 9 for gzip (default 4), 1 to 19 for zstd (default 3)."),
  max_size: size().prefault("64MiB").describe("An object is finished when it has this many (compressed) bytes."),
  max_age: duration()
    .refine((ms) => ms > 0, "must be more than 0s")
    .optional()
    .describe("… or this long after its first event. Default `5m`; `laboratory`: `1m`."),
  max_open: z
    .int()
    .min(1)
    .max(256)
    .default(32)
    .describe("Most objects of one source open at once, because of events of different times. One more finishes all."),
  part_size: size()
    .refine((bytes) => bytes >= SMALLEST_PART, "S3 takes no parts below 5MiB")
    .prefault("8MiB")
    .describe("An object that grows beyond this is uploaded in parts of this size."),
  memory: size()
    .prefault("20MiB")
    .describe("Compressed bytes held in memory; the sources wait while the store takes no more."),
  concurrency: z.int().min(1).max(16).default(4).describe("Requests under way at once."),
  conditional: z
    .enum(["auto", "off"])
    .default("auto")
    .describe("`auto`: new objects are written with `If-None-Match: *` where the store has it."),
  storage_class: z.string().min(1).optional().describe("Storage class, e.g. `STANDARD_IA`."),
  acl: z.string().min(1).optional().describe("Canned ACL, e.g. `bucket-owner-full-control`."),
  tags: z.record(z.string(), z.string()).default({}).describe("Tags of every object."),
  encryption: encryption.optional(),
  content_encoding: z
    .boolean()
    .default(false)
    .describe("Name the compression in `Content-Encoding`; some clients then unpack what they download."),
  ...s3Connection,
});

/** Options of the sink `s3`. */
export const s3Options = shape
  .refine(({ memory, part_size: part }) => memory >= 2 * part, { path: ["memory"], message: "at least two parts" })
  .refine(({ max_size: most, part_size: part }) => most <= part * MOST_PARTS, {
    path: ["max_size"],
    message: `an object has at most ${MOST_PARTS} parts of part_size`,
  })
  .refine(({ compression, level }) => level === undefined || (compression === "zstd" ? level <= 19 : level <= 9), {
    path: ["level"],
    message: "gzip has levels 1 to 9",
  })
  .superRefine(keysBelongTogether)
  .transform((options) => {
    const laboratory = options.naming === "laboratory";
    return {
      ...options,
      key: options.key ?? (laboratory ? LABORATORY_KEY : DEFAULT_KEY),
      format: options.format ?? (laboratory ? ("raw" as const) : ("ndjson" as const)),
      compression: options.compression ?? (laboratory ? ("none" as const) : ("gzip" as const)),
      max_age: options.max_age ?? (laboratory ? 60_000 : 300_000),
    };
  });

/** What follows from `naming`, as it is written. */
export function s3LongForm({ naming, key, format, compression }: S3Options): Record<string, string | number> {
  const level = compression === "none" ? {} : { level: DEFAULT_LEVELS[compression] };
  return { key, format, compression, ...level, max_age: naming === "laboratory" ? "1m" : "5m" };
}

export type S3Options = z.output<typeof s3Options>;
export type Compression = S3Options["compression"];
