import { DatabaseSync } from "node:sqlite";
import { HELD_TABLES } from "./held-store.ts";
import { LOSS_TABLES } from "./loss-store.ts";

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
  LOSS_TABLES,
];

/** The version that this sluice writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Columns that hold JSON; a text that is none can only be damage. */
const JSON_COLUMNS = [
  ["positions", "position"],
  ["sink_notes", "value"],
  ["held_batches", "dropped"],
] as const;

export function schemaVersion(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** Takes a database of an older sluice, or an empty one, to this sluice's schema. */
export function migrate(db: DatabaseSync): void {
  for (let next = schemaVersion(db); next < MIGRATIONS.length; next++) {
    db.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT`);
  }
}

/** Whether SQLite finds the file damaged, whatever its tables are. */
export function isUnsound(db: DatabaseSync): boolean {
  return quickCheck(db) !== "ok";
}

/** Finds at most one problem, and does not compare indices with their tables: that takes ten times as long. */
function quickCheck(db: DatabaseSync): string {
  return (db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string }).quick_check;
}

/**
 * What is wrong with a database of this sluice's schema, or undefined. SQLite keeps no checksums: a changed byte within
 * a value is only noticed where it breaks a number, a key's order or JSON.
 */
export function findDamage(db: DatabaseSync): string | undefined {
  const check = quickCheck(db);
  if (check !== "ok") return check;
  const missing = missingColumn(db);
  if (missing !== undefined) return `it has no ${missing}`;
  for (const [table, column] of JSON_COLUMNS) {
    const broken = db.prepare(`SELECT 1 FROM ${table} WHERE NOT json_valid(${column}) LIMIT 1`).get();
    if (broken) return `a row of ${table} is not what was written`;
  }
  return undefined;
}

function missingColumn(db: DatabaseSync): string | undefined {
  const here = new Set(columnsOf(db));
  return wantedColumns().find((column) => !here.has(column));
}

let wanted: readonly string[] | undefined;

function wantedColumns(): readonly string[] {
  if (wanted) return wanted;
  const db = openMemoryDatabase();
  wanted = columnsOf(db);
  db.close();
  return wanted;
}

function columnsOf(db: DatabaseSync): string[] {
  const rows = db
    .prepare(
      `SELECT t.name AS "table", c.name AS "column" FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
       WHERE t.schema = 'main' AND t.type = 'table'`,
    )
    .all() as { table: string; column: string }[];
  return rows.filter(({ table }) => !table.startsWith("sqlite_")).map(({ table, column }) => `${table}.${column}`);
}

/** The tables in memory. */
export function openMemoryDatabase(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  migrate(db);
  return db;
}
