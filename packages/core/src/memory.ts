import type { Value } from "./event.ts";

// What steps remember from event to event. The program tells which batch a change belongs to, and the runtime stores it
// together with that batch's position, so that after `kill -9` what is remembered is what the stored positions have seen.

/** A new value, a number that was added to the value, or null when the entry is forgotten. */
export type MemoryChange =
  | { readonly set: Value; readonly expires: number }
  | { readonly add: number; readonly expires: number }
  | null;

/** Changes of all memories of a program, by the memory's name and the entry's key. */
export type StateChanges = Map<string, Map<string, MemoryChange>>;

/** What all memories of a program hold, by name. `expires` in milliseconds since the epoch. */
export type StepState = ReadonlyMap<string, ReadonlyMap<string, RememberedEntry>>;

export interface RememberedEntry<V = Value> {
  readonly value: V;
  /** Milliseconds since the epoch after which nobody will ask for it: then it need not be restored. */
  readonly expires: number;
}

/** Who learns of what happens in a memory. */
export interface MemoryWitness {
  changed(memory: Memory<never>, key: string, change: MemoryChange): void;
  /** An entry had to make room. */
  evicted(memory: Memory<never>): void;
}

export interface MemoryOptions {
  /** Entries at most; the least recently used one makes room. Default: the step bounds it itself. */
  readonly max?: number;
  /** Kept over restarts; then its values are plain data. Default true. */
  readonly durable?: boolean;
}

/** A bounded map of a step. Everything that a step remembers is in memories, so that it can be stored and undone. */
export class Memory<V = Value> {
  readonly durable: boolean;
  readonly #max: number;
  readonly #entries = new Map<string, RememberedEntry<V>>();
  #undo: Map<string, RememberedEntry<V> | undefined> | undefined;
  #witness: MemoryWitness | undefined;

  constructor({ max = Number.POSITIVE_INFINITY, durable = true }: MemoryOptions = {}) {
    this.#max = max;
    this.durable = durable;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key, which becomes the most recently used one. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** All entries as they are now, the least recently used first. */
  entries(): [key: string, value: V][] {
    return Array.from(this.#entries, ([key, { value }]) => [key, value]);
  }

  set(key: string, value: V, expires: number): void {
    this.#put(key, { value, expires });
    this.#tell(key, { set: value as Value, expires });
    this.#makeRoom(key);
  }

  /** Adds to a number, which is 0 at first and forgotten when it is 0 again. Returns the sum. */
  add(this: Memory<number>, key: string, n: number, expires: number): number {
    const value = (this.get(key) ?? 0) + n;
    if (value === 0) this.#put(key, undefined);
    else this.#put(key, { value, expires });
    this.#tell(key, { add: n, expires });
    this.#makeRoom(key);
    return value;
  }

  delete(key: string): void {
    if (!this.#entries.has(key)) return;
    this.#put(key, undefined);
    this.#tell(key, null);
  }

  /** For the program. */
  watch(witness: MemoryWitness): void {
    this.#witness = witness;
  }

  /** For the program: changes from here on can be undone. */
  begin(): void {
    this.#undo = new Map();
  }

  /** For the program: takes back all changes since `begin`. */
  rollback(): void {
    for (const [key, entry] of this.#undo ?? []) {
      if (entry === undefined) this.#entries.delete(key);
      else this.#entries.set(key, entry);
    }
    this.#undo = undefined;
  }

  /** For the program: takes over what an earlier memory of the same step holds. */
  load(entries: Iterable<readonly [string, RememberedEntry<V>]>): void {
    for (const [key, entry] of entries) this.#entries.set(key, entry);
  }

  /** For the program: everything with its time of expiry. */
  dump(): Iterable<readonly [string, RememberedEntry<V>]> {
    return this.#entries;
  }

  #makeRoom(newest: string): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#max || key === newest) return;
      this.delete(key);
      this.#witness?.evicted(this as unknown as Memory<never>);
    }
  }

  #put(key: string, entry: RememberedEntry<V> | undefined): void {
    if (this.#undo && !this.#undo.has(key)) this.#undo.set(key, this.#entries.get(key));
    this.#entries.delete(key);
    if (entry) this.#entries.set(key, entry);
  }

  #tell(key: string, change: MemoryChange): void {
    if (this.durable) this.#witness?.changed(this as unknown as Memory<never>, key, change);
  }
}

/** Two changes of an entry, one after the other, as one. */
export function joinChanges(first: MemoryChange | undefined, then: MemoryChange): MemoryChange {
  if (then === null || "set" in then || first === undefined) return then;
  if (first === null) return { set: then.add, expires: then.expires };
  if ("add" in first) return { add: first.add + then.add, expires: then.expires };
  return { set: (typeof first.set === "number" ? first.set : 0) + then.add, expires: then.expires };
}

/** Adds later changes to earlier ones. */
export function addChanges(to: StateChanges, later: StateChanges): void {
  for (const [name, changes] of later) {
    let own = to.get(name);
    if (!own) to.set(name, (own = new Map()));
    for (const [key, change] of changes) own.set(key, joinChanges(own.get(key), change));
  }
}
