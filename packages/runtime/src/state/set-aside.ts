import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

export const DATABASE = "state.db";
const PARTS = ["", "-wal", "-shm", "-journal"];
const KEPT = /^state\.db\.corrupt-[^-]+$/;
const HEADER = "SQLite format 3\0";
/** First four bytes of a write-ahead log, whichever order of bytes its checksums have (SQLite file format, section 4.1). */
const WAL_MAGIC = [0x377f0682, 0x377f0683];

/** What can be told of damage before SQLite opens the file; undefined when there is none, or no file. */
export function damageFromOutside(dir: string): string | undefined {
  const path = join(dir, DATABASE);
  if (!existsSync(path)) return wasUsed(dir) ? "it is gone, although the directory was in use" : undefined;
  // It is made under another name and given its own when it has its tables.
  const stat = statSync(path);
  if (stat.isFile() && stat.size === 0) return "it is empty";
  // SQLite would look into its log, and delete that when it closes.
  const header = firstBytes(path, HEADER.length);
  if (header && header.toString("latin1") !== HEADER) return "it is not a database";
  const magic = firstBytes(`${path}-wal`, 4);
  if (magic && !WAL_MAGIC.includes(magic.readUInt32BE(0))) return "its write-ahead log is not one";
  return undefined;
}

/**
 * Renames the database and what belongs to it to `state.db.corrupt-TIME`, modes and all.
 * @returns the new name; empty when there was no database
 */
export function setAside(dir: string, now: number): string {
  const time = new Date(now).toISOString().replaceAll(/[-:]/g, "").replace(".", "");
  const kept = unusedName(dir, `${DATABASE}.corrupt-${time}`);
  const here = PARTS.filter((part) => existsSync(join(dir, DATABASE + part)));
  // The database first: without it, what is left says that there was one.
  for (const part of here) renameSync(join(dir, DATABASE + part), join(dir, kept + part));
  syncDir(dir);
  return here.includes("") ? kept : "";
}

/** How many databases were set aside here. */
export function countSetAside(dir: string): number {
  return readdirSync(dir).filter((name) => KEPT.test(name)).length;
}

export function syncDir(dir: string): void {
  const fd = openSync(dir, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether the directory had a database: one that was set aside, a log of one, or buffers that it kept the books of. */
function wasUsed(dir: string): boolean {
  const names = readdirSync(dir);
  return names.includes("buffers") || names.some((name) => KEPT.test(name) || name === `${DATABASE}-wal`);
}

function unusedName(dir: string, name: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}.${n}`;
    if (!existsSync(join(dir, candidate))) return candidate;
  }
}

/** The first bytes, or undefined of a file that is missing or shorter, or is a directory. */
function firstBytes(path: string, count: number): Buffer | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(count);
    return readSync(fd, bytes, 0, count, 0) === count ? bytes : undefined;
  } finally {
    closeSync(fd);
  }
}
