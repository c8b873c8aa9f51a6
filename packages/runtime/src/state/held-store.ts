import type { DatabaseSync, StatementSync } from "node:sqlite";
import { expectedPart, isExpected } from "./adoption.ts";
import type { HeldBatch, HeldPart, PartStatus, Resolution } from "./held.ts";
import { addCounts, enterOutcome, type Ledger, newLedger, sinkLedger } from "./ledger.ts";

/** Version 2 to 3 of the schema. */
export const HELD_TABLES = `
  CREATE TABLE held_batches (
    pipeline TEXT NOT NULL, batch INTEGER NOT NULL,
    kept INTEGER NOT NULL, offered INTEGER NOT NULL,
    open INTEGER NOT NULL, -- parts that are not resolved
    dropped TEXT NOT NULL, -- JSON: events that sinks did not take, by reason
    PRIMARY KEY (pipeline, batch)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE held_parts (
    pipeline TEXT NOT NULL, sink TEXT NOT NULL, seq INTEGER NOT NULL,
    batch INTEGER NOT NULL, events INTEGER NOT NULL,
    done INTEGER NOT NULL, -- 1: resolved, its record is skipped
    PRIMARY KEY (pipeline, sink, seq)
  ) STRICT, WITHOUT ROWID;`;

const DELETE_PART = "DELETE FROM held_parts WHERE pipeline = ? AND sink = ? AND seq = ?";

interface BatchRow {
  readonly kept: number;
  readonly offered: number;
  readonly open: number;
  readonly dropped: string;
}

/** The tables of batches that are held in disk buffers. Its writes belong into a transaction of the caller. */
export class HeldStore {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  insert(pipeline: string, held: HeldBatch): void {
    const { batch, kept, offered, dropped } = held;
    const parts = held.adopted ? held.parts.filter((part) => !this.#arrived(pipeline, batch, part)) : held.parts;
    this.#statement(
      `INSERT INTO held_batches (pipeline, batch, kept, offered, open, dropped) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET offered = offered + excluded.offered, open = open + excluded.open`,
    ).run(pipeline, batch, kept, offered, parts.length, JSON.stringify(dropped));
    const part = this.#statement(
      "INSERT INTO held_parts (pipeline, sink, seq, batch, events, done) VALUES (?, ?, ?, ?, ?, 0)",
    );
    for (const { sink, seq, events } of parts) part.run(pipeline, sink, seq, batch, events);
  }

  /** A part that was expected under the number of its batch has its own from now on. False when it was not expected. */
  #arrived(pipeline: string, batch: number, { sink, seq }: HeldPart): boolean {
    const sql = "UPDATE held_parts SET seq = ? WHERE pipeline = ? AND sink = ? AND seq = ? AND done = 0";
    return this.#statement(sql).run(seq, pipeline, sink, expectedPart(batch)).changes > 0;
  }

  /** Enters what became of a part into `ledger`, and what became of its batch when it was the last one. */
  resolve({ pipeline, sink, seq, result }: Resolution, ledger: Ledger): void {
    const part = this.#statement(
      "UPDATE held_parts SET done = 1 WHERE pipeline = ? AND sink = ? AND seq = ? AND done = 0 RETURNING batch",
    ).get(pipeline, sink, seq) as { batch: number } | undefined;
    if (!part) return;
    if (isExpected(seq)) this.#statement(DELETE_PART).run(pipeline, sink, seq);
    const books = sinkLedger(ledger, sink);
    books.delivered += result.delivered;
    books.deliveredBytes += result.deliveredBytes;
    addCounts(books.dropped, result.dropped);
    const row = this.#statement(
      "SELECT kept, offered, open, dropped FROM held_batches WHERE pipeline = ? AND batch = ?",
    ).get(pipeline, part.batch) as BatchRow | undefined;
    if (row) this.#progress(pipeline, part.batch, row, result.dropped, ledger);
  }

  hasBatch(pipeline: string, batch: number): boolean {
    return (
      this.#statement("SELECT 1 FROM held_batches WHERE pipeline = ? AND batch = ?").get(pipeline, batch) !== undefined
    );
  }

  status(pipeline: string, sink: string, seq: number): PartStatus | undefined {
    const row = this.#statement("SELECT events, done FROM held_parts WHERE pipeline = ? AND sink = ? AND seq = ?").get(
      pipeline,
      sink,
      seq,
    ) as { events: number; done: number } | undefined;
    return row && { events: row.events, done: row.done === 1 };
  }

  unresolved(pipeline: string, sink: string, before: number): number[] {
    const rows = this.#statement(
      "SELECT seq FROM held_parts WHERE pipeline = ? AND sink = ? AND seq < ? AND done = 0 ORDER BY seq",
    ).all(pipeline, sink, before) as { seq: number }[];
    return rows.map(({ seq }) => seq);
  }

  last(pipeline: string, sink: string): { seq: number; batch: number } {
    const one = (sql: string, ...names: string[]) =>
      (this.#statement(sql).get(...names) as { n: number | null }).n ?? 0;
    return {
      seq: one("SELECT max(seq) AS n FROM held_parts WHERE pipeline = ? AND sink = ?", pipeline, sink),
      batch: one("SELECT max(batch) AS n FROM held_batches WHERE pipeline = ?", pipeline),
    };
  }

  /** What is not resolved stays: it is still to be entered as lost. */
  forget(pipeline: string, sink: string, from: number, to: number): void {
    this.#statement("DELETE FROM held_parts WHERE pipeline = ? AND sink = ? AND seq >= ? AND seq < ? AND done = 1").run(
      pipeline,
      sink,
      from,
      to,
    );
  }

  /** Sinks that have records which nobody has resolved, and how many events these are. */
  waiting(pipeline: string): Map<string, number> {
    const rows = this.#statement(
      "SELECT sink, sum(events) AS n FROM held_parts WHERE pipeline = ? AND done = 0 GROUP BY sink",
    ).all(pipeline) as { sink: string; n: number }[];
    return new Map(rows.map(({ sink, n }) => [sink, n]));
  }

  /** Each statement is prepared once: some run for every batch. */
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #progress(
    pipeline: string,
    batch: number,
    row: BatchRow,
    more: Readonly<Record<string, number>>,
    ledger: Ledger,
  ): void {
    const dropped = JSON.parse(row.dropped) as Record<string, number>;
    addCounts(dropped, more);
    if (row.open > 1) {
      this.#statement("UPDATE held_batches SET open = open - 1, dropped = ? WHERE pipeline = ? AND batch = ?").run(
        JSON.stringify(dropped),
        pipeline,
        batch,
      );
      return;
    }
    this.#statement("DELETE FROM held_batches WHERE pipeline = ? AND batch = ?").run(pipeline, batch);
    enterOutcome(ledger, row, dropped);
    ledger.buffered -= row.kept;
  }
}

/** Resolutions as changes of the books, by pipeline. */
export function resolveAll(store: HeldStore, resolutions: readonly Resolution[]): Map<string, Ledger> {
  const changes = new Map<string, Ledger>();
  for (const resolution of resolutions) {
    let ledger = changes.get(resolution.pipeline);
    if (!ledger) changes.set(resolution.pipeline, (ledger = newLedger()));
    store.resolve(resolution, ledger);
  }
  return changes;
}
