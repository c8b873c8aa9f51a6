import type { SourceDefinition } from "@sluice/core";
import { type FileOptions, fileOptions } from "./options.ts";
import { FileSource } from "./source.ts";

export type { FileOptions } from "./options.ts";

/** The source `file`: follows files through every way of rotation. */
export const fileSource: SourceDefinition<FileOptions> = {
  kind: "source",
  type: "file",
  summary: "Reads files by glob, follows them through rotation, and goes on where it stopped.",
  options: fileOptions,
  create: (options, ctx) => new FileSource(options, ctx),
};
