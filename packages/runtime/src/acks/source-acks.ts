import { AckTracker, type SourceBatch, type StateChanges, type Value } from "@sluice/core";
import type { HeldBatch } from "../state/held.ts";
import type { Ledger } from "../state/ledger.ts";

/** Called once all sinks have settled a batch. */
export type SettledBatch = (books: Books) => void;

/** Up to where a batch takes its records. */
interface Reach {
  /** Prefix of their ids: positions of records grow within one `stream.id`. */
  readonly streamId: string;
  /** The position behind the last of them, NaN when there is none. */
  readonly to: number;
}

const NOWHERE: Reach = { streamId: "", to: Number.NaN };

/** A settled batch whose turn has come. `position` is undefined for streams without one. */
export interface Settled extends Books {
  readonly streamKey: string;
  readonly position: Value | undefined;
  readonly reach: Reach;
}

/** What is entered together with the position. */
interface Books {
  readonly ledger: Ledger;
  /** Set when some of its parts lie in disk buffers. */
  readonly held?: HeldBatch | undefined;
  /** What the steps remember of the batch. */
  readonly changes?: StateChanges | undefined;
}

interface Entry {
  readonly position: Value | undefined;
  readonly reach: Reach;
  readonly settled: (() => void) | undefined;
  books: Books | undefined;
}

/** What is open of a source. */
interface Open {
  readonly batches: number;
  /** Some of it comes again when the source is started again, from its position or from a far end that waits for us. */
  readonly comesAgain: boolean;
}

interface StreamAcks {
  readonly tracker: AckTracker<Entry>;
  /** The tracker's open batches, in order: it names only the last one of those that it commits. */
  readonly entries: Entry[];
}

/** Orders the acknowledgements of one source: positions and ledger move together, in the order of each stream. */
export class SourceAcks {
  readonly #streams = new Map<string, StreamAcks>();
  readonly #commit: (settled: Settled) => void;
  #open = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(commit: (settled: Settled) => void) {
    this.#commit = commit;
  }

  /** Batches emitted and not yet committed, of one stream or of all. */
  open(streamKey?: string): number {
    return streamKey === undefined ? this.#open : (this.#streams.get(streamKey)?.tracker.open ?? 0);
  }

  /** The same with what can be read again. */
  opened(): Open {
    const entries = [...this.#streams.values()].flatMap((stream) => stream.entries);
    const comesAgain = entries.some(({ position, settled }) => position !== undefined || settled !== undefined);
    return { batches: this.#open, comesAgain };
  }

  /** What is settled after this is not entered any more. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when no batch is open. */
  idle(): Promise<void> {
    return this.#open === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Registers the next batch of its stream; call the returned function with its books once it is settled. */
  track(batch: Pick<SourceBatch, "streamKey" | "position" | "settled">, reach = NOWHERE): SettledBatch {
    const stream = this.#stream(batch.streamKey);
    const { position, settled: told } = batch;
    const entry: Entry = { position, reach, settled: told, books: undefined };
    const settled = stream.tracker.track(entry);
    stream.entries.push(entry);
    this.#open++;
    return (books) => {
      if (this.#closed) return;
      entry.books = books;
      settled();
    };
  }

  #stream(streamKey: string): StreamAcks {
    let stream = this.#streams.get(streamKey);
    if (!stream) {
      const tracker = new AckTracker<Entry>((last) => this.#advance(streamKey, last));
      this.#streams.set(streamKey, (stream = { tracker, entries: [] }));
    }
    return stream;
  }

  #advance(streamKey: string, last: Entry): void {
    const { entries } = this.#streams.get(streamKey) as StreamAcks;
    const through = entries.indexOf(last) + 1;
    for (const entry of entries.splice(0, through)) {
      this.#open--;
      const { position, books, reach } = entry;
      this.#commit({ streamKey, position, reach, ...(books as Books) });
      entry.settled?.();
    }
    if (entries.length === 0) this.#streams.delete(streamKey);
    if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
