import { addChanges, type StateChanges, type Value } from "@sluice/core";
import type { HeldBatch, Resolution } from "./held.ts";
import { addLedger, type Ledger, newLedger } from "./ledger.ts";

/** A position waiting to be stored; undefined: to be forgotten. */
export interface PendingPosition {
  readonly pipeline: string;
  readonly source: string;
  readonly stream: string;
  readonly position: Value | undefined;
}

/** A sink's note waiting to be stored; undefined: to be forgotten. */
export interface PendingNote {
  readonly pipeline: string;
  readonly sink: string;
  readonly kind: "cut" | "note";
  readonly name: string;
  readonly value: Value | undefined;
}

/** Records of a disk buffer whose file is gone. */
export interface PendingForget {
  readonly pipeline: string;
  readonly sink: string;
  readonly from: number;
  readonly to: number;
}

/** What the next transaction will store. Bounded by the number of streams, however long it has to wait. */
export class Pending {
  readonly positions = new Map<string, PendingPosition>();
  readonly ledgers = new Map<string, Ledger>();
  readonly notes = new Map<string, PendingNote>();
  readonly held: { readonly pipeline: string; readonly held: HeldBatch }[] = [];
  readonly resolutions: Resolution[] = [];
  readonly forgets: PendingForget[] = [];

  /** What steps remember, by pipeline. */
  readonly memories = new Map<string, StateChanges>();

  get empty(): boolean {
    const maps = this.positions.size + this.ledgers.size + this.notes.size + this.memories.size;
    return maps + this.held.length + this.resolutions.length + this.forgets.length === 0;
  }

  setNote(note: PendingNote): void {
    this.notes.set([note.pipeline, note.sink, note.kind, note.name].join("\0"), note);
  }

  setPosition(entry: PendingPosition): void {
    this.positions.set(`${entry.pipeline}\0${entry.source}\0${entry.stream}`, entry);
  }

  addLedger(pipeline: string, delta: Ledger): void {
    let sum = this.ledgers.get(pipeline);
    if (!sum) this.ledgers.set(pipeline, (sum = newLedger()));
    addLedger(sum, delta);
  }

  addChanges(pipeline: string, changes: StateChanges): void {
    let own = this.memories.get(pipeline);
    if (!own) this.memories.set(pipeline, (own = new Map()));
    addChanges(own, changes);
  }

  clear(): void {
    this.memories.clear();
    this.positions.clear();
    this.ledgers.clear();
    this.notes.clear();
    this.held.length = 0;
    this.resolutions.length = 0;
    this.forgets.length = 0;
  }
}
