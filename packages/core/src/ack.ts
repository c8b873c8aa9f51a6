/**
 * What became of a batch at a sink. `delivered`: the far end has it (or it is durably buffered). `rejected`: the far
 * end can never take it; it is in the dead letter and counts as settled. `failed`: it will be offered again.
 */
export type Outcome = "delivered" | "rejected" | "failed";

const RANK: Record<Outcome, number> = { delivered: 0, rejected: 1, failed: 2 };

/** The worse of two outcomes: at a fan-out one failed sink keeps the position from moving. */
export function worst(a: Outcome, b: Outcome): Outcome {
  return RANK[a] >= RANK[b] ? a : b;
}

interface Pending<P> {
  readonly position: P;
  settled: boolean;
}

/**
 * Orders the acknowledgements of one stream: batches settle in any order, positions are committed in the order in
 * which the batches were read, and never past one that is still open.
 */
export class AckTracker<P> {
  readonly #pending: Pending<P>[] = [];
  readonly #commit: (position: P) => void;

  constructor(commit: (position: P) => void) {
    this.#commit = commit;
  }

  /** Batches read and not yet committed. */
  get open(): number {
    return this.#pending.length;
  }

  /** Registers the next batch; call the returned function once it is settled. */
  track(position: P): () => void {
    const entry: Pending<P> = { position, settled: false };
    this.#pending.push(entry);
    return () => {
      entry.settled = true;
      this.#advance();
    };
  }

  #advance(): void {
    let done = 0;
    while (this.#pending[done]?.settled) done++;
    if (done === 0) return;
    const last = this.#pending[done - 1] as Pending<P>;
    this.#pending.splice(0, done);
    this.#commit(last.position);
  }
}
