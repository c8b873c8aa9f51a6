import { joinChanges, type MemoryChange, type RememberedEntry, type StateChanges, type StepState } from "@sluice/core";

/**
 * What the steps of a pipeline remember, as far as their outputs have told: what is stored, and what will be when its
 * batches are settled. A worker that takes another's place begins with this.
 */
export class StepMirror {
  readonly #memories = new Map<string, Map<string, RememberedEntry>>();

  constructor(stored: StepState = new Map()) {
    for (const [name, entries] of stored) this.#memories.set(name, new Map(entries));
  }

  apply(changes: StateChanges): void {
    for (const [name, own] of changes) {
      let memory = this.#memories.get(name);
      if (!memory) this.#memories.set(name, (memory = new Map()));
      for (const [key, change] of own) enterChange(memory, key, change);
    }
  }

  get state(): StepState {
    return this.#memories;
  }
}

function enterChange(memory: Map<string, RememberedEntry>, key: string, change: MemoryChange): void {
  const before = memory.get(key);
  const after = joinChanges(before && { set: before.value, expires: before.expires }, change);
  // The order is that of use, as in the step's own memory.
  memory.delete(key);
  if (after === null) return;
  const value = "set" in after ? after.set : after.add;
  if (value !== 0) memory.set(key, { value, expires: after.expires });
}
