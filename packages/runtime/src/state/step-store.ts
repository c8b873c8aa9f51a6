import type { DatabaseSync } from "node:sqlite";
import type { MemoryChange, RememberedEntry, StateChanges, StepState, Value } from "@sluice/core";

/** The table of what steps remember. */
export interface StepStore {
  /** Enters changes; inside of a transaction. */
  apply(pipeline: string, changes: StateChanges): void;
  /** Everything that has not expired; the rest is deleted. */
  read(pipeline: string, now: number): StepState;
}

interface Row {
  readonly memory: string;
  readonly key: string;
  readonly value: string | number;
  readonly expires: number;
}

export function stepStore(db: DatabaseSync): StepStore {
  const set = db.prepare(
    `INSERT INTO step_memory (pipeline, memory, key, value, expires) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value, expires = excluded.expires`,
  );
  const add = db.prepare(
    `INSERT INTO step_memory (pipeline, memory, key, value, expires) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = value + excluded.value, expires = excluded.expires`,
  );
  const forget = db.prepare("DELETE FROM step_memory WHERE pipeline = ? AND memory = ? AND key = ?");
  const forgetZero = db.prepare("DELETE FROM step_memory WHERE pipeline = ? AND memory = ? AND key = ? AND value = 0");
  const forgetExpired = db.prepare("DELETE FROM step_memory WHERE pipeline = ? AND expires < ?");
  const read = db.prepare("SELECT memory, key, value, expires FROM step_memory WHERE pipeline = ? ORDER BY rowid");

  const enter = (pipeline: string, memory: string, key: string, change: MemoryChange) => {
    if (change === null) forget.run(pipeline, memory, key);
    else if ("add" in change) {
      add.run(pipeline, memory, key, change.add, change.expires);
      forgetZero.run(pipeline, memory, key);
    } else set.run(pipeline, memory, key, stored(change.set), change.expires);
  };
  return {
    apply(pipeline, changes) {
      for (const [memory, own] of changes) for (const [key, change] of own) enter(pipeline, memory, key, change);
    },
    read(pipeline, now) {
      forgetExpired.run(pipeline, now);
      const memories = new Map<string, Map<string, RememberedEntry>>();
      for (const { memory, key, value, expires } of read.all(pipeline) as unknown as Row[]) {
        const entries = memories.get(memory) ?? new Map<string, RememberedEntry>();
        memories.set(memory, entries.set(key, { value: asValue(value), expires }));
      }
      return memories;
    },
  };
}

/** Numbers as numbers, which can be added to; anything else as JSON. */
function stored(value: Value): number | string {
  return typeof value === "number" ? value : JSON.stringify(value);
}

function asValue(value: string | number): Value {
  return typeof value === "number" ? value : (JSON.parse(value) as Value);
}
