import type { DatabaseSync } from "node:sqlite";

/** Version 4 to 5 of the schema. */
export const LOSS_TABLES = `
  CREATE TABLE state_losses (
    at INTEGER NOT NULL, -- milliseconds since the epoch when an earlier database was set aside
    reason TEXT NOT NULL,
    kept TEXT NOT NULL, -- file name that it has now; empty when it was gone
    earlier INTEGER NOT NULL, -- losses before this one
    open INTEGER NOT NULL -- 1 until all pipelines that it held are known
  ) STRICT;
  CREATE TABLE lost_components (
    pipeline TEXT NOT NULL, component TEXT NOT NULL,
    at INTEGER NOT NULL,
    first_seq INTEGER, -- of a disk buffer: number of the first record that was written after the loss
    PRIMARY KEY (pipeline, component)
  ) STRICT, WITHOUT ROWID;`;

/** An earlier database that could not be used any more. */
export interface StateLoss {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string;
  /** Name of the file that the damaged database has now; empty when there was none. */
  readonly kept: string;
  /** Losses before this one. */
  readonly earlier: number;
}

/**
 * Remembers that positions were lost, and of which components: these begin at the beginning wherever they know no position,
 * whatever they do at a first start. That has to survive a death right after the loss.
 */
export class LossStore {
  readonly #db: DatabaseSync;
  readonly #components: Map<string, { readonly at: number; firstSeq: number | null }>;
  #last: (StateLoss & { readonly open: number }) | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#last = db.prepare("SELECT at, reason, kept, earlier, open FROM state_losses ORDER BY at DESC").get() as
      | (StateLoss & { open: number })
      | undefined;
    const rows = db.prepare("SELECT pipeline, component, at, first_seq FROM lost_components").all() as {
      pipeline: string;
      component: string;
      at: number;
      first_seq: number | null;
    }[];
    this.#components = new Map(rows.map((row) => [keyOf(row), { at: row.at, firstSeq: row.first_seq }]));
  }

  /** The last one, if there was any. */
  get last(): StateLoss | undefined {
    return this.#last;
  }

  /** Components that run now were there before the loss, as far as anybody can know. */
  expect(pipeline: string, components: readonly string[]): void {
    if (!this.#last?.open) return;
    const { at } = this.#last;
    const insert = this.#db.prepare(
      "INSERT INTO lost_components (pipeline, component, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#durably(() => {
      for (const component of components) insert.run(pipeline, component, at);
    });
    for (const component of components) {
      const key = keyOf({ pipeline, component });
      if (!this.#components.has(key)) this.#components.set(key, { at, firstSeq: null });
    }
  }

  /** All pipelines were told to `expect`: those that are new from now on have lost nothing. */
  allKnown(): void {
    if (!this.#last?.open) return;
    this.#durably(() => this.#db.exec("UPDATE state_losses SET open = 0"));
    this.#last = { ...this.#last, open: 0 };
  }

  /** When the state of a component was lost, in milliseconds since the epoch. */
  lostAt(pipeline: string, component: string): number | undefined {
    return this.#components.get(keyOf({ pipeline, component }))?.at;
  }

  /**
   * Records of a disk buffer before this number were written before the loss; 0 when nothing was lost.
   * @param next number of the next record, which is taken when nobody has asked before
   */
  firstRecord(pipeline: string, sink: string, next: number): number {
    const lost = this.#components.get(keyOf({ pipeline, component: sink }));
    if (!lost) return 0;
    if (lost.firstSeq === null) {
      const update = this.#db.prepare("UPDATE lost_components SET first_seq = ? WHERE pipeline = ? AND component = ?");
      this.#durably(() => update.run(next, pipeline, sink));
      lost.firstSeq = next;
    }
    return lost.firstSeq;
  }

  #durably(change: () => void): void {
    this.#db.exec("PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    try {
      change();
      this.#db.exec("COMMIT");
    } finally {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#db.exec("PRAGMA synchronous = NORMAL");
    }
  }
}

/** Enters a loss into a database that was just made. */
export function enterLoss(db: DatabaseSync, { at, reason, kept, earlier }: StateLoss): void {
  db.prepare("INSERT INTO state_losses (at, reason, kept, earlier, open) VALUES (?, ?, ?, ?, 1)").run(
    at,
    reason,
    kept,
    earlier,
  );
}

function keyOf({ pipeline, component }: { readonly pipeline: string; readonly component: string }): string {
  return `${pipeline}\0${component}`;
}
