import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errorText, SluiceError } from "@sluice/core";
import { HELD_TABLES } from "./held-store.ts";
import { makePrivateFile } from "./private-files.ts";

/** Schema by version: entry i takes a database from version i to i + 1. Entries are never changed, only added. */
const MIGRATIONS = [
  `CREATE TABLE positions (
     pipeline TEXT NOT NULL, source TEXT NOT NULL, stream TEXT NOT NULL,
     position TEXT NOT NULL, -- JSON
     PRIMARY KEY (pipeline, source, stream)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE ledger (
     pipeline TEXT NOT NULL,
     sink TEXT NOT NULL, -- empty: the pipeline's own
     kind TEXT NOT NULL, reason TEXT NOT NULL,
     n INTEGER NOT NULL,
     PRIMARY KEY (pipeline, sink, kind, reason)
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE sink_notes (
     pipeline TEXT NOT NULL, sink TEXT NOT NULL,
     kind TEXT NOT NULL, -- cut: a piece of input stored as one; note: the sink's own
     name TEXT NOT NULL,
     value TEXT NOT NULL, -- JSON
     PRIMARY KEY (pipeline, sink, kind, name)
   ) STRICT, WITHOUT ROWID;`,
  HELD_TABLES,
  `CREATE TABLE step_memory (
     pipeline TEXT NOT NULL,
     memory TEXT NOT NULL, -- step, hash of its options, name
     key TEXT NOT NULL,
     value ANY NOT NULL, -- a number, or JSON
     expires REAL NOT NULL, -- milliseconds since the epoch
     PRIMARY KEY (pipeline, memory, key)
   ) STRICT;`,
];

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Primary result code of an SQLite error, or undefined for any other. */
function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** True when another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_BUSY;
}

/**
 * Opens `state.db`, creating or upgrading it. Throws SLUICE_STATE when it is damaged or of a newer sluice.
 *
 * `synchronous = NORMAL`: in WAL mode a commit then survives the death of the process (`kill -9`), because the page
 * cache does; a power cut may take back the last commits but never tears one. Older positions mean that lines are read
 * again, which at-least-once delivery allows, so an fsync for each commit would buy nothing.
 */
export function openDatabase(dir: string): DatabaseSync {
  const path = join(dir, "state.db");
  makePrivateFile(path);
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 1000");
    const check = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
    if (check.quick_check !== "ok") throw damaged(path, check.quick_check);
    migrate(db, path);
    return db;
  } catch (error) {
    db.close();
    const code = sqliteCode(error);
    if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) throw damaged(path, errorText(error));
    throw error;
  }
}

/** The same tables in memory. */
export function openMemoryDatabase(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db, "the state in memory");
  return db;
}

function migrate(db: DatabaseSync, path: string): void {
  const { user_version: version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new SluiceError("SLUICE_STATE", `${path} was written by a newer sluice (schema ${version})`, {
      hint: `this sluice knows schema ${MIGRATIONS.length}: use the newer one or another state directory`,
    });
  }
  for (let next = version; next < MIGRATIONS.length; next++) {
    db.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT`);
  }
}

function damaged(path: string, detail: string): SluiceError {
  return new SluiceError("SLUICE_STATE", `${path} is damaged: ${detail}`, {
    hint: "move it away to start anew (input that is still there is read again) or repair it with sqlite3 .recover",
  });
}
