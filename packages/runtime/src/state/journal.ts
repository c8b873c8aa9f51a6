import type { CutRange, JournalledCut, SinkState, Value } from "@sluice/core";

/** What a journal needs of the state. */
export interface JournalStore {
  readonly lost?: string;
  read(kind: "cut" | "note"): Map<string, Value>;
  set(kind: "cut" | "note", name: string, value: Value | undefined): void;
  /** Waits until the disk has everything that was set. */
  flush(): void;
}

interface OpenCut {
  cut: JournalledCut;
  /** Streams whose position has not passed the cut. */
  readonly waiting: Map<string, CutRange>;
}

/** The notes of one streaming sink. Cuts go by themselves once all their positions are committed. */
export class Journal implements SinkState {
  readonly #store: JournalStore;
  readonly #cuts = new Map<string, OpenCut>();
  readonly #notes: Map<string, Value>;
  readonly lost: string | undefined;
  /** Cuts of which some streams were committed since the entry was written. */
  readonly #shrunk = new Set<OpenCut>();

  constructor(store: JournalStore) {
    this.#store = store;
    this.lost = store.lost;
    this.#notes = store.read("note");
    for (const value of store.read("cut").values()) this.#open(value as unknown as JournalledCut);
  }

  cuts(): readonly JournalledCut[] {
    return Array.from(this.#cuts.values(), ({ cut }) => cut);
  }

  /** A cut of which nothing can be read again needs no note. */
  putCut(cut: JournalledCut): void {
    if (!cut.ranges.some(({ resume }) => resume !== undefined)) return;
    this.#open(cut);
    this.#store.set("cut", cut.id, cut as unknown as Value);
    this.#store.flush();
  }

  noteCut(cut: JournalledCut): void {
    const known = this.#cuts.get(cut.id);
    if (!known) return;
    known.cut = cut;
    this.#store.set("cut", cut.id, cut as unknown as Value);
  }

  save(): void {
    this.#store.flush();
  }

  removeCut(id: string): void {
    if (this.#cuts.delete(id)) this.#store.set("cut", id, undefined);
  }

  notes(): ReadonlyMap<string, Value> {
    return this.#notes;
  }

  setNote(name: string, value: Value | undefined): void {
    if (value === undefined) this.#notes.delete(name);
    else this.#notes.set(name, value);
    this.#store.set("note", name, value);
  }

  /** A position was committed: everything of the stream before `to` is settled. */
  committed(source: string, streamId: string, to: number): void {
    for (const open of this.#cuts.values()) {
      const { cut, waiting } = open;
      const range = cut.source === source ? waiting.get(streamId) : undefined;
      if (!range || range.to > to) continue;
      waiting.delete(streamId);
      if (waiting.size === 0) this.removeCut(cut.id);
      else this.#shrink(open);
    }
  }

  /**
   * A stream that is committed does not come again, so its range has to go from the entry, in the same transaction. Many
   * streams may be committed at a time, and nothing is written in the midst of that.
   */
  #shrink(open: OpenCut): void {
    if (this.#shrunk.size === 0) queueMicrotask(() => this.#writeShrunk());
    this.#shrunk.add(open);
  }

  #writeShrunk(): void {
    for (const open of this.#shrunk) {
      if (this.#cuts.get(open.cut.id) !== open) continue;
      open.cut = { ...open.cut, ranges: [...open.waiting.values()] };
      this.#store.set("cut", open.cut.id, open.cut as unknown as Value);
    }
    this.#shrunk.clear();
  }

  #open(cut: JournalledCut): void {
    const again = cut.ranges.filter(({ resume }) => resume !== undefined);
    this.#cuts.set(cut.id, { cut, waiting: new Map(again.map((range) => [range.streamId, range])) });
  }
}
