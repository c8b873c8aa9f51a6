import type { Adopted, HeldBatch, HeldPart, Resolution } from "./held.ts";
import type { Ledger } from "./ledger.ts";
import { newLedger } from "./ledger.ts";
import type { Pending } from "./pending.ts";

// A batch that cannot be read again, and was not committed when sluice was killed, lives on by the records of it that are in
// disk buffers. A buffer that was to get it and has none is noticed once it has read all its records: until then its part
// is expected, under a number that no record has.

/** Number of the part of a batch that has not been found yet. */
export function expectedPart(batch: number): number {
  return -batch;
}

export function isExpected(seq: number): boolean {
  return seq < 0;
}

/** What the adoption needs of the state. */
export interface AdoptionState {
  readonly pending: Pending;
  isStored(pipeline: string, batch: number): boolean;
  /** Tells the pipeline of a change of its books. */
  readonly tell: (pipeline: string, change: Ledger) => void;
}

/** Enters batches that are found in disk buffers only. */
export class Adoption {
  readonly #state: AdoptionState;
  /** Sinks with a disk buffer that has still to look for such records. */
  readonly #looking = new Set<string>();

  constructor(state: AdoptionState) {
    this.#state = state;
  }

  looks(pipeline: string, sink: string): void {
    this.#looking.add(nameOf(pipeline, sink));
  }

  lookedBack(pipeline: string, sink: string): void {
    this.#looking.delete(nameOf(pipeline, sink));
  }

  /** A batch with parts in several buffers is entered with the first of them. */
  adopt(pipeline: string, sink: string, { batch, seq, events, shares }: Adopted): void {
    const { pending, tell } = this.#state;
    const isKnown =
      pending.held.some((entry) => entry.pipeline === pipeline && entry.held.batch === batch) ||
      this.#state.isStored(pipeline, batch);
    const missing = isKnown ? [] : missingParts(batch, sink, shares?.sinks ?? {});
    const kept = shares?.kept ?? events;
    const offered = isKnown ? 0 : missing.reduce((sum, part) => sum + part.events, events);
    const held: HeldBatch = {
      batch,
      kept,
      offered,
      dropped: {},
      parts: [{ sink, seq, events }, ...missing],
      adopted: true,
    };
    pending.held.push({ pipeline, held });
    for (const part of missing) {
      if (!this.#looking.has(nameOf(pipeline, part.sink))) pending.resolutions.push(killed(pipeline, part));
    }
    if (isKnown) return;
    const ledger = { ...newLedger(), in: kept, buffered: kept };
    pending.addLedger(pipeline, ledger);
    tell(pipeline, ledger);
  }
}

function nameOf(pipeline: string, sink: string): string {
  return `${pipeline}\0${sink}`;
}

function missingParts(batch: number, found: string, sinks: Readonly<Record<string, number>>): HeldPart[] {
  const others = Object.entries(sinks).filter(([name]) => name !== found);
  return others.map(([sink, events]) => ({ sink, seq: expectedPart(batch), events }));
}

/** The buffer of a sink has no record of a batch. */
function killed(pipeline: string, { sink, seq, events }: HeldPart): Resolution {
  return { pipeline, sink, seq, result: { delivered: 0, deliveredBytes: 0, dropped: { killed: events } } };
}
