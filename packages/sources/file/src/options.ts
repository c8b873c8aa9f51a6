import { duration, size } from "@sluice/core";
import { z } from "zod";

const globs = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const regex = z.string().superRefine((text, ctx) => {
  const fault = faultOf(() => new RegExp(text));
  if (fault) ctx.addIssue({ code: "custom", message: `not a regular expression: ${fault.message}` });
});

const encodingName = z.string().superRefine((label, ctx) => {
  const message = `unknown encoding "${label}": write utf-8, utf-16le, latin1, …`;
  if (faultOf(() => new TextDecoder(label))) ctx.addIssue({ code: "custom", message });
});

function faultOf(make: () => unknown): Error | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const RULES = ["start", "continuation", "continued", "end"] as const;

const multiline = z
  .strictObject({
    start: regex.optional().describe("A line that matches begins an event; all others belong to the one before."),
    continuation: regex.optional().describe("A line that matches belongs to the line before it, e.g. `^\\s`."),
    continued: regex.optional().describe("A line that matches goes on in the next line, e.g. `\\\\$`."),
    end: regex.optional().describe("A line that matches is the last one of its event."),
    timeout: duration().prefault("5s").describe("An open event is passed on when the file stays still this long."),
    max_lines: z
      .int()
      .min(1)
      .default(500)
      .describe("An event ends after this many lines; the next line begins another."),
    max_bytes: size().prefault("1MiB").describe("An event ends before the line that would make it longer than this."),
  })
  .refine((value) => RULES.filter((rule) => value[rule] !== undefined).length === 1, {
    message: `give exactly one of ${RULES.join(", ")}`,
  });

/** Options of the source `file`. */
export const fileOptions = z.strictObject({
  include: globs.describe("Files to read: a glob or a list of globs, relative to the pipeline file."),
  exclude: globs.optional().describe("Globs of files to leave out."),
  start_at: z
    .enum(["beginning", "end"])
    .default("beginning")
    .describe("Where to begin in files that exist at the very first start; later ones are read from their beginning."),
  multiline: multiline.optional().describe("Joins lines into one event."),
  encoding: encodingName
    .default("utf-8")
    .describe("Encoding of the files, by its WHATWG label: utf-8, utf-16le, latin1, …"),
  compressed: z
    .enum(["auto", "off"])
    .default("auto")
    .describe("`auto` reads gzip and zstd files once, unpacked; `off` takes every file as it is."),
  max_line_bytes: size()
    .prefault("1MiB")
    .describe("A longer line is cut here and tagged `_line_cut`; its rest is skipped."),
  read_chunk: size().prefault("256KiB").describe("Bytes read at a time, and so the largest usual batch."),
  poll_interval: duration().prefault("250ms").describe("How often files are looked at for new lines and rotation."),
  rotate_wait: duration()
    .prefault("5s")
    .describe("How long a renamed or deleted file is watched after its last growth before it is closed."),
});

export type FileOptions = z.output<typeof fileOptions>;
export type MultilineOptions = NonNullable<FileOptions["multiline"]>;
