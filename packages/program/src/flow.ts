import {
  type AnyMemory,
  addChanges,
  addTally,
  count,
  type EncodedBatch,
  type Hold,
  joinChanges,
  type Memory,
  type MemoryChange,
  type MemoryWitness,
  newTally,
  type ProgramInput,
  type ProgramMemory,
  type ProgramOutput,
  type RememberedEntry,
  type StateChanges,
  type StepState,
  type Tally,
} from "@sluice/core";
import { Frames } from "./frames.ts";

/** `progress[0]` while the first held event of a run is at work; that of the second is one less, and so on. */
const FIRST_HELD = -2;

/** What one run adds to a batch. */
export interface Part {
  readonly frames: readonly Frames[];
  readonly tally: Tally;
  readonly changes: StateChanges;
}

/** A batch that is not complete: it is being run, or a step holds back events of it. */
class OpenBatch {
  readonly batch: number;
  readonly bytes: number;
  holds = 0;
  /** What earlier runs have made of it. */
  readonly done: ProgramOutput[] = [];
  /** What the run at work adds. */
  part: Part | undefined;
  /** `holds` before the run at work. */
  before = 0;

  constructor({ batch, data }: ProgramInput) {
    this.batch = batch ?? 0;
    this.bytes = data.length;
  }
}

/** A held event: its batch, and where it came from. */
export interface HeldEvent extends Hold {
  readonly batch: OpenBatch;
  readonly stream: string;
  readonly position: number;
}

/**
 * The memories of a program's steps, and the batches of which they hold something back. Each change and each frame is
 * entered for the batch that it belongs to, so that it is committed with that batch's position. A run that fails
 * leaves nothing behind.
 */
export class Flow implements ProgramMemory, MemoryWitness {
  readonly #memories: ReadonlyMap<string, AnyMemory>;
  readonly #names = new Map<AnyMemory, string>();
  readonly #sinks: number;
  readonly #held = new Set<OpenBatch>();
  readonly #touched = new Set<OpenBatch>();
  #current: OpenBatch | undefined;
  #progress: Int32Array | undefined;
  #releases = 0;
  #releasing: HeldEvent | undefined;
  /** Held events on which a step hung or threw in this run's earlier attempts. */
  readonly #hostile = new Set<string>();
  /** Where the event at hand comes from. */
  stream = "";
  position = Number.NaN;

  constructor(memories: ReadonlyMap<string, AnyMemory>, sinks: number) {
    this.#memories = memories;
    this.#sinks = sinks;
    for (const [name, memory] of memories) {
      this.#names.set(memory, name);
      memory.watch(this);
    }
  }

  /** Begins a run. */
  begin(input: ProgramInput, frames: readonly Frames[], tally: Tally, progress?: Int32Array): void {
    this.#progress = progress;
    this.#releases = 0;
    for (const memory of this.#memories.values()) memory.begin();
    this.stream = input.stream.id;
    this.position = Number.NaN;
    const batch = new OpenBatch(input);
    batch.part = { frames, tally, changes: new Map() };
    this.#current = batch;
    this.#touched.add(batch);
  }

  /** Where frames and counts go now. */
  get part(): Part {
    return this.#current?.part as Part;
  }

  /** Bytes of the batches that wait for what is held. */
  get heldBytes(): number {
    let bytes = 0;
    for (const batch of this.#held) bytes += batch.bytes;
    return bytes;
  }

  hold(): HeldEvent {
    const batch = this.#current as OpenBatch;
    batch.holds++;
    return { batch, stream: this.stream, position: this.position };
  }

  /**
   * Runs `work` for the batch of a held event, which has one hold less then. It is told whether the event is one that has
   * to go past the steps.
   */
  release(hold: HeldEvent, work: (isHostile: boolean) => void): void {
    const { batch, stream, position } = hold;
    const [current, ownStream, ownPosition] = [this.#current, this.stream, this.position];
    const [record, outer] = [this.#progress?.[0] ?? -1, this.#releasing];
    this.#releasing = hold;
    this.#setProgress(FIRST_HELD - this.#releases++);
    if (!this.#touched.has(batch)) this.#touch(batch);
    this.#current = batch;
    this.stream = stream;
    this.position = position;
    batch.holds--;
    work(this.#hostile.has(nameOf(hold)));
    this.#current = current;
    this.stream = ownStream;
    this.position = ownPosition;
    this.#releasing = outer;
    this.#setProgress(record);
  }

  /** Ends the run; returns what is complete. */
  finish(): ProgramOutput {
    const own = this.#current as OpenBatch;
    for (const batch of this.#touched) {
      const { frames, tally, changes } = batch.part as Part;
      batch.done.push({ outputs: frames.map((one) => one.take()), tally, changes });
    }
    const complete = [...this.#held].filter((batch) => batch.holds === 0);
    for (const memory of this.#memories.values()) memory.begin();
    for (const batch of this.#touched) batch.part = undefined;
    for (const batch of complete) this.#held.delete(batch);
    if (own.holds > 0) this.#held.add(own);
    this.#touched.clear();
    this.#hostile.clear();
    const earlier = complete.map((batch) => ({ batch: batch.batch, output: joined(batch.done) }));
    const nothing = { outputs: Array.from({ length: this.#sinks }, () => null), tally: newTally(), held: true };
    return { ...(own.holds > 0 ? nothing : joined(own.done)), ...(earlier.length > 0 && { earlier }) };
  }

  rollback(blame = false): void {
    if (blame && this.#releasing) this.#hostile.add(nameOf(this.#releasing));
    this.#releasing = undefined;
    for (const memory of this.#memories.values()) memory.rollback();
    for (const batch of this.#touched) {
      batch.part = undefined;
      batch.holds = batch.before;
    }
    this.#touched.clear();
  }

  restore(state: StepState): void {
    for (const [name, memory] of this.#memories) {
      const entries = state.get(name);
      if (entries && memory.durable) memory.load(entries);
    }
  }

  takeOver(from: ProgramMemory): void {
    const other = from as Flow;
    for (const [name, memory] of this.#memories) {
      memory.load((other.#memories.get(name)?.dump() ?? []) as Iterable<readonly [string, RememberedEntry]>);
    }
    for (const batch of other.#held) this.#held.add(batch);
    for (const name of other.#hostile) this.#hostile.add(name);
  }

  changed(memory: Memory<never>, key: string, change: MemoryChange): void {
    const changes = this.#current?.part?.changes;
    const name = this.#names.get(memory);
    if (!changes || name === undefined) return;
    let own = changes.get(name);
    if (!own) changes.set(name, (own = new Map()));
    own.set(key, joinChanges(own.get(key), change));
  }

  evicted(memory: Memory<never>): void {
    const type = this.#names.get(memory)?.split(":", 1)[0];
    if (this.#current?.part) count(this.#current.part.tally.adjusted, `${type}_evicted`);
  }

  #setProgress(record: number): void {
    if (this.#progress) this.#progress[0] = record;
  }

  #touch(batch: OpenBatch): void {
    batch.before = batch.holds;
    batch.part = {
      frames: Array.from({ length: this.#sinks }, () => new Frames()),
      tally: newTally(),
      changes: new Map(),
    };
    this.#touched.add(batch);
  }
}

function nameOf({ stream, position }: HeldEvent): string {
  return `${position} ${stream}`;
}

/** What several runs have made of a batch, as one. */
function joined(outputs: readonly ProgramOutput[]): ProgramOutput {
  const [first, ...others] = outputs;
  if (first && others.length === 0) return first;
  const tally = newTally();
  const changes: StateChanges = new Map();
  for (const output of outputs) {
    addTally(tally, output.tally);
    if (output.changes) addChanges(changes, output.changes);
  }
  const sinks = first?.outputs ?? [];
  return {
    outputs: sinks.map((_, sink) => backToBack(outputs.map((one) => one.outputs[sink] ?? null))),
    tally,
    changes,
  };
}

function backToBack(batches: readonly (EncodedBatch | null)[]): EncodedBatch | null {
  const full = batches.filter((batch) => batch !== null);
  if (full.length < 2) return full[0] ?? null;
  const bytes = new Uint8Array(full.reduce((sum, batch) => sum + batch.bytes.length, 0));
  const ends = new Uint32Array(full.reduce((sum, batch) => sum + batch.ends.length, 0));
  let offset = 0;
  let index = 0;
  for (const batch of full) {
    bytes.set(batch.bytes, offset);
    for (const end of batch.ends) ends[index++] = offset + end;
    offset += batch.bytes.length;
  }
  return { bytes, ends };
}
