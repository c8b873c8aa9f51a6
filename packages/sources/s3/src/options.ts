import { keysBelongTogether, s3Connection } from "@sluice/aws/connection";
import { duration, size } from "@sluice/core";
import { z } from "zod";

/** Options of the source `s3`. */
export const s3Options = z
  .strictObject({
    bucket: z.string().min(1).describe("Bucket to read."),
    prefix: z.string().default("").describe("Only objects whose key begins with this."),
    ...s3Connection,
    interval: duration().prefault("60s").describe("How often new objects are looked for; `--until-eof` looks once."),
    start_at: z
      .enum(["beginning", "end"])
      .default("beginning")
      .describe("Whether objects that exist at the very first start are read."),
    lookback: duration()
      .prefault("1d")
      .describe(
        "How long ago an object that shows up now may be dated: longer than any upload takes, and an hour for clocks " +
          "that differ. The objects of this time are remembered one by one.",
      ),
    format: z
      .enum(["auto", "lines"])
      .default("auto")
      .describe("`auto` takes lines that are events archived by a sluice as those events; `lines` takes none so."),
    max_line_bytes: size()
      .prefault("1MiB")
      .describe("A longer line is cut here and tagged `_line_cut`; its rest is skipped."),
  })
  .superRefine(keysBelongTogether);

export type S3SourceOptions = z.output<typeof s3Options>;
