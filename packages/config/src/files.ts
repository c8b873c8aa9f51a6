import { glob, open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { asOneError, errorText, SluiceError } from "@sluice/core";

/** No pipeline file and no secret is larger; `/dev/zero` and the like are. */
const MAX_BYTES = 4 * 1024 * 1024;

const PIPELINE_FILE = /\.(?:ya?ml|json)$/i;

/** Reads bytes of a file. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** A path with one of these that does not exist is a glob. */
const GLOB = /[*?[{]/;

/**
 * The pipeline files that the paths name: a file is itself, a directory stands for its `*.yaml`, `*.yml` and `*.json`,
 * sorted by name, a glob for those which match. Each file once.
 *
 * @throws SluiceError `SLUICE_USAGE` when a path does not exist, or a directory or glob has no pipeline file.
 */
export async function findPipelineFiles(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const errors: SluiceError[] = [];
  for (const path of paths) {
    try {
      found.push(...(await expand(path)));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      errors.push(error);
    }
  }
  const [first, ...others] = errors;
  if (first) throw asOneError([first, ...others]);
  return [...new Set(found)];
}

async function expand(path: string): Promise<string[]> {
  const stats = await stat(path).catch((error: unknown) => {
    if (GLOB.test(path)) return undefined;
    throw new SluiceError("SLUICE_USAGE", `cannot read ${path}: ${reasonOf(error)}`, { hint: "name a pipeline file" });
  });
  if (stats && !stats.isDirectory()) return [path];
  const files = stats ? (await readdir(path)).map((name) => join(path, name)) : await matching(path);
  const found = files.filter((file) => PIPELINE_FILE.test(file) && !basename(file).startsWith(".")).sort();
  if (found.length > 0) return found;
  const hint = "pipeline files end in .yaml, .yml or .json";
  throw new SluiceError("SLUICE_USAGE", `there is no pipeline file in ${path}`, { hint });
}

async function matching(pattern: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(pattern)) files.push(file);
  return files;
}

/** Reads a file of at most 4 MiB. Rejects with a short reason. */
export async function readSmallFile(path: string): Promise<Uint8Array> {
  const file = await open(path).catch((error: unknown) => {
    throw new Error(reasonOf(error), { cause: error });
  });
  try {
    return await readUpTo(file, MAX_BYTES);
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error });
  } finally {
    await file.close();
  }
}

async function readUpTo(file: Awaited<ReturnType<typeof open>>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(64 * 1024) });
    if (bytesRead === 0) return Buffer.concat(chunks);
    chunks.push(buffer.subarray(0, bytesRead));
    size += bytesRead;
    if (size > limit) throw new Error(`it is larger than ${limit / 1024 / 1024} MiB`);
  }
}

/** Text of UTF-8 bytes without a byte order mark; where it is not UTF-8, the line of the first wrong byte. */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { badLine: number } {
  const text = tryDecode(bytes);
  if (text !== undefined) return { text };
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (tryDecode(bytes.subarray(start, end)) === undefined) break;
    start = end;
  }
  return { badLine: line };
}

function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
};

/** Why a file cannot be used, in short. */
export function reasonOf(error: unknown): string {
  const { code } = error as { code?: string };
  return (code !== undefined && REASONS[code]) || errorText(error);
}
