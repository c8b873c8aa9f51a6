import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SluiceError } from "@sluice/core";
import { isBusy, isDamage } from "./database.ts";
import { makePrivateFile } from "./private-files.ts";

/** Keeps other sluices out of a state directory until it is released or the process ends. */
export interface StateLock {
  release(): void;
}

/**
 * Takes the lock of a state directory or throws SLUICE_STATE_LOCKED.
 *
 * The lock is an exclusive transaction on `lock.db`, that is a lock of the kernel's on the file: it goes with the
 * process, also after `kill -9`, and cannot be left behind. `sluice.pid` only serves to name the holder.
 */
export function lockStateDir(dir: string): StateLock {
  const path = join(dir, "lock.db");
  const pidPath = join(dir, "sluice.pid");
  makePrivateFile(path);
  const db = lockFile(path, dir, pidPath);
  makePrivateFile(pidPath);
  writeFileSync(pidPath, `${process.pid}\n`);
  return { release: () => db.close() };
}

function lockFile(path: string, dir: string, pidPath: string, mayEmpty = true): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) throw lockedError(dir, pidPath);
    if (!mayEmpty || !isDamage(error)) throw error;
    // It holds nothing but the lock. SQLite has looked into it, so nobody else has locked it.
    truncateSync(path);
    return lockFile(path, dir, pidPath, false);
  }
}

function lockedError(dir: string, pidPath: string): SluiceError {
  return new SluiceError("SLUICE_STATE_LOCKED", `${dir} is in use by another sluice${holder(pidPath)}`, {
    hint: "stop that one first, or give this one a state directory of its own with --state-dir",
  });
}

function holder(pidPath: string): string {
  try {
    const pid = readFileSync(pidPath, "utf8").trim();
    return /^\d+$/.test(pid) ? ` (pid ${pid})` : "";
  } catch {
    return "";
  }
}
