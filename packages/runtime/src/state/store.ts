import type { DatabaseSync } from "node:sqlite";
import type { StepState, Value } from "@sluice/core";
import { HeldStore, resolveAll } from "./held-store.ts";
import { enterRow, type Ledger, type LedgerRow, ledgerRows, newLedger } from "./ledger.ts";
import { LossStore } from "./loss-store.ts";
import type { Pending } from "./pending.ts";
import { stepStore } from "./step-store.ts";

/** What the state needs of its database. */
export interface Store {
  /**
   * Stores everything pending in one transaction, or nothing and throws. `durable`: it survives a power cut as well, at
   * the price of an fsync. Returns how resolved parts of held batches changed the books.
   */
  apply(pending: Pending, durable: boolean): ReadonlyMap<string, Ledger>;
  readonly held: HeldStore;
  readonly losses: LossStore;
  notes(pipeline: string, sink: string, kind: string): Map<string, Value>;
  positions(pipeline: string, source: string): Map<string, Value>;
  ledger(pipeline: string): Ledger;
  /** What steps remember and will still ask for. */
  memories(pipeline: string, now: number): StepState;
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

  const note = db.prepare(
    `INSERT INTO sink_notes (pipeline, sink, kind, name, value) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value`,
  );
  const forgetNote = db.prepare("DELETE FROM sink_notes WHERE pipeline = ? AND sink = ? AND kind = ? AND name = ?");
  const readNotes = db.prepare("SELECT name, value FROM sink_notes WHERE pipeline = ? AND sink = ? AND kind = ?");

  const held = new HeldStore(db);
  const steps = stepStore(db);
  const writeNotes = (pending: Pending) => {
    for (const { pipeline, sink, kind, name, value } of pending.notes.values()) {
      if (value === undefined) forgetNote.run(pipeline, sink, kind, name);
      else note.run(pipeline, sink, kind, name, JSON.stringify(value));
    }
  };
  const write = (pending: Pending) => {
    for (const { pipeline, source, stream, position } of pending.positions.values()) {
      if (position === undefined) forget.run(pipeline, source, stream);
      else upsert.run(pipeline, source, stream, JSON.stringify(position));
    }
    for (const entry of pending.held) held.insert(entry.pipeline, entry.held);
    const changes = resolveAll(held, pending.resolutions);
    for (const { pipeline, sink, from, to } of pending.forgets) held.forget(pipeline, sink, from, to);
    for (const [pipeline, delta] of [...pending.ledgers, ...changes]) {
      for (const row of ledgerRows(delta)) add.run(pipeline, ...row);
    }
    for (const [pipeline, changes] of pending.memories) steps.apply(pipeline, changes);
    writeNotes(pending);
    return changes;
  };

  return {
    held,
    losses: new LossStore(db),
    apply(pending, durable) {
      if (durable) db.exec("PRAGMA synchronous = FULL");
      try {
        db.exec("BEGIN IMMEDIATE");
        const changes = write(pending);
        db.exec("COMMIT");
        return changes;
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      } finally {
        if (durable) db.exec("PRAGMA synchronous = NORMAL");
      }
    },
    notes(pipeline, sink, kind) {
      const rows = readNotes.all(pipeline, sink, kind) as { name: string; value: string }[];
      return new Map(rows.map((row) => [row.name, JSON.parse(row.value) as Value]));
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
    memories: (pipeline, now) => steps.read(pipeline, now),
    close: () => db.close(),
  };
}
