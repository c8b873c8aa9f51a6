import type { DatabaseSync } from "node:sqlite";
import type { Value } from "@sluice/core";
import { enterRow, type Ledger, type LedgerRow, ledgerRows, newLedger } from "./ledger.ts";
import type { Pending } from "./pending.ts";

/** What the state needs of its database. */
export interface Store {
  /** Stores everything pending in one transaction, or nothing and throws. */
  apply(pending: Pending): void;
  positions(pipeline: string, source: string): Map<string, Value>;
  ledger(pipeline: string): Ledger;
  close(): void;
}

/** The tables of `state.db`. */
export function sqliteStore(db: DatabaseSync): Store {
  const upsert = db.prepare(
    `INSERT INTO positions (pipeline, source, stream, position) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET position = excluded.position`,
  );
  const forget = db.prepare("DELETE FROM positions WHERE pipeline = ? AND source = ? AND stream = ?");
  const add = db.prepare(
    `INSERT INTO ledger (pipeline, sink, kind, reason, n) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const read = db.prepare("SELECT stream, position FROM positions WHERE pipeline = ? AND source = ?");
  const readLedger = db.prepare("SELECT sink, kind, reason, n FROM ledger WHERE pipeline = ?");

  const write = (pending: Pending) => {
    for (const { pipeline, source, stream, position } of pending.positions.values()) {
      if (position === undefined) forget.run(pipeline, source, stream);
      else upsert.run(pipeline, source, stream, JSON.stringify(position));
    }
    for (const [pipeline, delta] of pending.ledgers) {
      for (const row of ledgerRows(delta)) add.run(pipeline, ...row);
    }
  };

  return {
    apply(pending) {
      db.exec("BEGIN IMMEDIATE");
      try {
        write(pending);
        db.exec("COMMIT");
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    positions(pipeline, source) {
      const rows = read.all(pipeline, source) as { stream: string; position: string }[];
      return new Map(rows.map((row) => [row.stream, JSON.parse(row.position) as Value]));
    },
    ledger(pipeline) {
      const ledger = newLedger();
      const rows = readLedger.all(pipeline) as { sink: string; kind: string; reason: string; n: number }[];
      for (const row of rows) enterRow(ledger, [row.sink, row.kind, row.reason, row.n] satisfies LedgerRow);
      return ledger;
    },
    close: () => db.close(),
  };
}
