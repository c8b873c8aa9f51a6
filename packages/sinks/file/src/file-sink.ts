import { resolve } from "node:path";
import {
  type EncodedBatch,
  errorText,
  type LineFormat,
  lineEncoder,
  lineFormat,
  type Sink,
  type SinkDefinition,
  SluiceError,
} from "@sluice/core";
import { z } from "zod";
import { LineFile } from "./line-file.ts";

// YAML 1.2 reads 0640 as the decimal number 640, so a number means its digits.
const mode = z
  .union([z.int(), z.string()])
  .transform(String)
  .refine((digits) => /^0?[0-7]{3}$/.test(digits), "write three octal digits, like 0640")
  .transform((digits) => Number.parseInt(digits, 8));

const fileOptions = z.strictObject({
  path: z.string().min(1).describe("File to append to; relative to the pipeline file. Made with its directories."),
  format: lineFormat,
  mode: mode.prefault("0640").describe("Permissions of a new file, in octal digits."),
  sync: z.boolean().default(true).describe("Wait after each batch until the disk has it."),
});

type FileOptions = z.output<typeof fileOptions>;

/** Lines in a local file. */
export const fileSink: SinkDefinition<FileOptions, Sink> = {
  kind: "sink",
  type: "file",
  summary: "Appends events to a file as NDJSON or raw lines; follows logrotate.",
  options: fileOptions,
  encoder: ({ format }, ctx) => lineEncoder(format, ctx.hostname),
  create: (options, ctx) => new FileSink({ ...options, path: resolve(ctx.baseDir, options.path) }),
};

class FileSink implements Sink {
  readonly #path: string;
  readonly #file: LineFile;

  constructor({ path, mode, sync, format }: FileOptions) {
    this.#path = path;
    this.#file = new LineFile({ path, mode, sync, isTorn: (tail) => isTorn(tail, format) });
  }

  async write(batch: EncodedBatch): Promise<void> {
    await this.#try("append to", this.#file.append(batch.bytes));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async check(): Promise<void> {
    await this.#try("write", this.#file.check());
  }

  async #try(what: string, action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (cause) {
      const hint = HINTS[(cause as { code?: string }).code ?? ""];
      const text = `cannot ${what} ${this.#path}: ${errorText(cause)}`;
      throw new SluiceError("SLUICE_UNREACHABLE", text, { cause, ...(hint ? { hint } : {}) });
    }
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "free space on this filesystem; nothing is lost, sluice waits",
  EACCES: "give sluice's user the right to write there",
  EROFS: "the filesystem is read-only; choose another path",
  EISDIR: "the path is a directory; name a file in it",
};

/** True for the start of a JSON line of ours; a raw line could be anyone's. */
function isTorn(tail: string, format: LineFormat): boolean {
  if (format !== "ndjson" || !tail.startsWith('{"')) return false;
  try {
    JSON.parse(tail);
    return false;
  } catch {
    return true;
  }
}
