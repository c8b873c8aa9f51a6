import { createReadStream, createWriteStream } from "node:fs";
import { chmod, open, readdir, rename, rm, stat, unlink, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";

/** Behind the path of a file that was rotated: when, and which of that second. */
const STAMP = String.raw`\.\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?`;
const ENDINGS = { none: "", gzip: ".gz", zstd: ".zst" } as const;
const PART = ".part";

type Compression = keyof typeof ENDINGS;

/** Matches the names of what a file of this name was rotated to, compressed or not, complete or not. */
export function rotatedPattern(name: string): RegExp {
  return new RegExp(
    `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")}${STAMP}(?<ending>\\.gz|\\.zst)?(?<part>\\.part)?$`,
  );
}

/** Moves a file to a name of its own, made of the time; returns the new path. */
export async function moveAway(path: string, now: number): Promise<string> {
  const stamp = `${new Date(now).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
  const taken = new Set(await readdir(dirname(path)));
  for (let n = 1; ; n++) {
    const target = `${path}.${stamp}${n > 1 ? `-${n}` : ""}`;
    const name = basename(target);
    if ([name, `${name}.gz`, `${name}.zst`].some((one) => taken.has(one))) continue;
    await rename(path, target);
    await syncDirectory(path);
    return target;
  }
}

/**
 * Puts a compressed file in the place of a rotated one, with the same time and permissions. One that dies half-way leaves
 * the original, and a `.part` that is begun anew.
 */
async function compressFile(path: string, compression: Exclude<Compression, "none">): Promise<void> {
  const info = await stat(path);
  const target = path + ENDINGS[compression];
  const part = target + PART;
  await rm(part, { force: true });
  const packer = compression === "gzip" ? createGzip() : createZstdCompress();
  await pipeline(createReadStream(path), packer, createWriteStream(part, { flags: "wx", mode: 0o600, flush: true }));
  await chmod(part, info.mode & 0o777);
  await utimes(part, info.atime, info.mtime);
  await rename(part, target);
  await syncDirectory(target);
  await unlink(path);
}

/** Waits until the disk knows the names in a file's directory. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(dirname(path), "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What is done to files that are not written any more. */
export interface Upkeep {
  readonly compression: Compression;
  /** Milliseconds; undefined: never. */
  readonly retain: number | undefined;
  readonly restrictAfter: number | undefined;
}

/** Compresses what is not, deletes and restricts what is old enough. Goes on behind what fails, and rejects then. */
export async function tendRotated(directory: string, name: string, upkeep: Upkeep, now: number): Promise<void> {
  const pattern = rotatedPattern(name);
  const errors: unknown[] = [];
  for (const entry of await readdir(directory).catch(() => [])) {
    const { groups } = pattern.exec(entry) ?? {};
    if (!groups) continue;
    const path = join(directory, entry);
    try {
      if (groups["part"] !== undefined) await unlink(path);
      else await tendFile(path, groups["ending"] === undefined ? upkeep : { ...upkeep, compression: "none" }, now);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** The same for one file. */
export async function tendFile(
  path: string,
  { compression, retain, restrictAfter }: Upkeep,
  now: number,
): Promise<void> {
  const { mtimeMs, mode } = await stat(path);
  const age = now - mtimeMs;
  if (retain !== undefined && age > retain) return unlink(path);
  if (restrictAfter !== undefined && age > restrictAfter && (mode & 0o777) !== 0o600) await chmod(path, 0o600);
  if (compression !== "none") await compressFile(path, compression);
}
