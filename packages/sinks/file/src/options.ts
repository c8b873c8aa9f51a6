import { duration, size } from "@sluice/core";
import { z } from "zod";

// YAML 1.2 reads 0640 as the decimal number 640, so a number means its digits.
const mode = z
  .union([z.int(), z.string()])
  .transform(String)
  .refine((digits) => /^0?[0-7]{3}$/.test(digits), "write three octal digits, like 0640")
  .transform((digits) => Number.parseInt(digits, 8));

const MINUTE = 60_000;

const rotate = z
  .strictObject({
    size: size().optional().describe("Before a line that would make the file larger than this"),
    age: duration()
      .refine((ms) => ms >= MINUTE, "a minute at least")
      .optional()
      .describe(
        "When a new span of this length has begun: `1d` rotates at midnight of this machine's zone, `1h` at the hour",
      ),
  })
  .refine((value) => value.size !== undefined || value.age !== undefined, { message: "give size, age, or both" });

/** Options of the sink `file`. */
export const fileOptions = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .refine((text) => !text.endsWith("/"), "this is a directory: name a file")
      .describe(
        "File to append to; relative to the pipeline file. Made with its directories. May hold fields of the event " +
          "(`{service.name}`) and parts of its time in UTC (`{date}`, `{YYYY}`, `{MM}`, `{DD}`, `{HH}`, `{mm}`).",
      ),
    format: z
      .enum(["ndjson", "raw", "gelf"])
      .default("ndjson")
      .describe(
        "`ndjson`: one JSON object a line, with the event's dotted names; `raw`: the message only; `gelf`: GELF 1.1 a line.",
      ),
    mode: mode.prefault("0640").describe("Permissions of new files, in octal digits."),
    sync: z.boolean().default(true).describe("Wait after each batch until the disk has it."),
    max_open: z
      .int()
      .min(1)
      .max(4096)
      .default(64)
      .describe("Files open at a time, where `path` names several; the one not used for longest is closed."),
    rotate: rotate
      .optional()
      .describe(
        "When the file is moved away to `<path>.<time>`. Rotation by others, like logrotate, is followed in any case.",
      ),
    compress: z.enum(["none", "gzip", "zstd"]).default("none").describe("How rotated files are compressed."),
    retain: duration().optional().describe("Rotated files (and those of past times) are deleted when they are older."),
    restrict_after: duration()
      .optional()
      .describe("Rotated files (and those of past times) get mode 0600 when they are older."),
  })
  .refine((value) => value.compress === "none" || value.rotate !== undefined, {
    path: ["compress"],
    message: "only what is rotated is compressed: give `rotate` as well",
  })
  .refine(({ retain, restrict_after: after }) => retain === undefined || after === undefined || after < retain, {
    path: ["restrict_after"],
    message: "must be shorter than `retain`, after which the files are deleted",
  });
