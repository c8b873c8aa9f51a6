import type { CutRange } from "@sluice/core";
import type { Covered } from "./known-claims.ts";
import { includesSeq } from "./seqs.ts";

/** A batch that was emitted and is not settled. */
export interface FlyingBatch {
  /** Position of its first message. */
  readonly first: number;
  /** Places in the stream, in order of positions. */
  readonly seqs: readonly number[];
  /** Claims that were handed on with it. */
  readonly known: ReadonlySet<string>;
  /** Sinks of others that have claimed messages of it since. */
  readonly taken: Set<string>;
}

/** What is in flight of a run: which messages its positions stand for, and whether others have claimed these since. */
export class Flight {
  /** In order of positions. */
  readonly #batches: FlyingBatch[] = [];
  #overslept = 0;

  begin(first: number, seqs: readonly number[], known: ReadonlySet<string>): FlyingBatch {
    const batch = { first, seqs, known, taken: new Set<string>() };
    this.#batches.push(batch);
    return batch;
  }

  end(batch: FlyingBatch): void {
    const at = this.#batches.indexOf(batch);
    if (at >= 0) this.#batches.splice(at, 1);
  }

  /** Another sluice has claimed messages. */
  claimed(id: string, sink: string, { seqs, first, last }: Covered): void {
    for (const batch of this.#batches) {
      if (batch.known.has(id) || batch.taken.has(sink)) continue;
      if (batch.seqs.some((seq) => seq >= first && seq <= last && includesSeq(seqs, seq))) batch.taken.add(sink);
    }
  }

  /** Claims may have come and gone unseen: nobody knows whose the messages are that are in flight now. */
  doubt(): void {
    this.#overslept = (this.#batches.at(-1)?.first ?? -1) + 1;
  }

  /** The batches of a cut. */
  of(range: Pick<CutRange, "from" | "to">): FlyingBatch[] {
    return this.#batches.filter(({ first }) => first >= range.from && first < range.to);
  }

  isTaken(batches: readonly FlyingBatch[], sink: string): boolean {
    return batches.some(({ first, taken }) => taken.has(sink) || first < this.#overslept);
  }
}
