import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errorText, SluiceError } from "@sluice/core";
import { enterLoss, type StateLoss } from "./loss-store.ts";
import { makePrivateFile, refuseLink } from "./private-files.ts";
import { findDamage, isUnsound, migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";
import { countSetAside, DATABASE, damageFromOutside, setAside, syncDir } from "./set-aside.ts";

const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_MISMATCH = 20;
const SQLITE_NOTADB = 26;
/** What SQLite says when the content of a file is at fault, not the disk, the rights or another process. */
const DAMAGE = new Set([SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_MISMATCH, SQLITE_NOTADB]);

/** Primary result code of an SQLite error, or undefined for any other. */
function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** True when another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_BUSY;
}

/** True when the database itself is damaged, so that trying again is of no use. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** What to do when the database cannot be written. */
export function writeHint(error: unknown): string {
  if (isDamage(error))
    return "it is damaged: restart sluice, which then sets it aside and reads again from the beginning";
  const isDiskFault = sqliteCode(error) === SQLITE_IOERR;
  const advice = isDiskFault ? "look after its disk, which reports errors" : "make room on its disk";
  return `${advice}; positions are kept in memory and stored once it can be written`;
}

/** A database, and the loss of an earlier one if there was one just now. */
export interface OpenedDatabase {
  readonly db: DatabaseSync;
  readonly loss?: StateLoss;
}

/**
 * Opens `state.db`, creating or upgrading it. One that is damaged is set aside under another name, and a new one begun that
 * knows of the loss. Throws SLUICE_STATE when it is of a newer sluice.
 *
 * `synchronous = NORMAL`: in WAL mode a commit then survives the death of the process (`kill -9`), because the page
 * cache does; a power cut may take back the last commits but never tears one. Older positions mean that lines are read
 * again, which at-least-once delivery allows, so an fsync for each commit would buy nothing.
 */
export function openDatabase(dir: string): OpenedDatabase {
  for (const part of ["", "-wal", "-shm", ".new"]) refuseLink(join(dir, DATABASE + part));
  const reason = damageFromOutside(dir);
  if (reason !== undefined) return startAnew(dir, reason);
  makeDatabase(dir);
  const found = openExisting(dir);
  return typeof found === "string" ? startAnew(dir, found) : { db: found };
}

function startAnew(dir: string, reason: string): OpenedDatabase {
  const at = Date.now();
  const earlier = countSetAside(dir);
  const loss = { at, reason, kept: setAside(dir, at), earlier };
  makeDatabase(dir, loss);
  const db = openExisting(dir);
  if (typeof db === "string") throw new SluiceError("SLUICE_STATE", `${join(dir, DATABASE)} cannot be made: ${db}`);
  return { db, loss };
}

/** The database, or what is wrong with it. Throws when it cannot be said, or is that of a newer sluice. */
function openExisting(dir: string): DatabaseSync | string {
  const path = join(dir, DATABASE);
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    const version = schemaVersion(db);
    if (version > SCHEMA_VERSION && !isUnsound(db)) throw newer(path, version);
    if (version <= SCHEMA_VERSION) migrate(db);
    const damage = findDamage(db);
    if (damage === undefined) return db;
    db.close();
    return damage;
  } catch (error) {
    db.close();
    if (error instanceof SluiceError || !DAMAGE.has(sqliteCode(error) ?? -1)) throw error;
    return errorText(error);
  }
}

/** Makes the database unless it is there: whole, or not at all, so that an empty one can only be damage. */
function makeDatabase(dir: string, loss?: StateLoss): void {
  const path = join(dir, `${DATABASE}.new`);
  for (const part of ["", "-journal", "-wal", "-shm"]) rmSync(path + part, { force: true });
  if (existsSync(join(dir, DATABASE))) return;
  makePrivateFile(path);
  const db = new DatabaseSync(path);
  try {
    migrate(db);
    if (loss) enterLoss(db, loss);
  } finally {
    db.close();
  }
  renameSync(path, join(dir, DATABASE));
  syncDir(dir);
}

function newer(path: string, version: number): SluiceError {
  return new SluiceError("SLUICE_STATE", `${path} was written by a newer sluice (schema ${version})`, {
    hint: `this sluice knows schema ${SCHEMA_VERSION}: use the newer one or another state directory`,
  });
}
