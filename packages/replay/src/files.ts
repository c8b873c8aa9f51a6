import { type Dirent, globSync, statSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { compareRotation, isMultilogName, rootName } from "@sluice/archive";
import { errorText, SluiceError } from "@sluice/core";
import { type Archive, believableTime } from "./archive.ts";

const CHUNK = 262_144;

/** The file that multilog is writing. */
const CURRENT = "current";

/**
 * The files that an argument names, in the order in which they were written: a path, a glob, or a directory with all that
 * is in it. Throws SLUICE_USAGE when there is none.
 */
export async function findFiles(argument: string): Promise<Archive[]> {
  const exact = statOf(resolve(argument));
  const paths = exact ? [resolve(argument)] : globSync(argument).map((path) => resolve(path));
  const found: (Archive | null)[] = [];
  for (const directory of groupBy(paths.filter(isDirectory), (path) => path))
    found.push(...(await listDirectory(directory[0] as string)));
  const files = paths.filter((path) => !isDirectory(path));
  const inOrder = groupBy(files.sort(), dirname).flatMap((group) => order(group));
  const archives = [...inOrder.map((path) => fileArchive(path, false)), ...found].filter((archive) => archive !== null);
  if (archives.length > 0) return archives;
  throw new SluiceError("SLUICE_USAGE", `${argument}: there is no such file`, {
    hint: exact ? "the directory holds no file" : "name a file, a directory, a glob in quotes, or s3://BUCKET/PREFIX",
  });
}

/** Leaves out files that were named before, by whatever path. */
export function withoutRepeats(archives: readonly Archive[]): Archive[] {
  const seen = new Set<string>();
  return archives.filter(({ name }) => {
    const stat = name.startsWith("s3://") ? undefined : statOf(name);
    const key = stat ? `${stat.dev}:${stat.ino}` : name;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

async function listDirectory(dir: string): Promise<(Archive | null)[]> {
  const entries = (await entriesOf(dir)).filter(({ name }) => !name.startsWith("."));
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const isMultilog = names.some(isMultilogName) || (names.includes(CURRENT) && names.includes("lock"));
  // Beside its archives, multilog keeps a lock and the state of its processor.
  const logs = isMultilog ? names.filter((name) => isMultilogName(name) || name === CURRENT) : names;
  const files = order(logs.map((name) => join(dir, name)).sort()).map((path) => fileArchive(path, true));
  const directories = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name));
  for (const directory of directories.sort()) files.push(...(await listDirectory(directory)));
  return files;
}

async function entriesOf(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (cause) {
    const hint = "give the user that runs sluice the right to read it";
    throw new SluiceError("SLUICE_SOURCE", `cannot read the directory ${dir}: ${errorText(cause)}`, { hint, cause });
  }
}

/** Paths of one directory: log by log, each from its oldest file to the one that is written now. */
function order(paths: readonly string[]): string[] {
  return groupBy(paths, rootName).flatMap((group) => group.sort(compareRotation));
}

function groupBy(paths: readonly string[], key: (path: string) => string): string[][] {
  return [...Map.groupBy(paths, key)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Null for what is no file: a socket, a directory behind a link. */
function fileArchive(path: string, isFound: boolean): Archive | null {
  const stat = statOf(path);
  if (!stat?.isFile()) return null;
  const { size: bytes, mtimeMs } = stat;
  return {
    name: path,
    bytes,
    writtenBy: believableTime(mtimeMs),
    isFound,
    read: (signal, offset) => readFile(path, signal, offset),
  };
}

async function* readFile(path: string, signal: AbortSignal, offset: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  try {
    for (let at = offset; !signal.aborted; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(CHUNK), 0, CHUNK, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isDirectory(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

/** Whether a file is one of multilog's, whose lines may bear its stamps. */
export function isOfMultilog(name: string): boolean {
  return isMultilogName(name) || basename(name) === CURRENT;
}
