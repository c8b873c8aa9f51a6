import { Histogram, type HistogramSnapshot } from "./histogram.ts";

/** What is under way between two points of a pipeline. */
export interface OpenWorkSnapshot {
  readonly events: number;
  readonly bytes: number;
  /** For how long the oldest of it has been under way, in seconds; 0 when nothing is. */
  readonly seconds: number;
}

interface Piece {
  readonly began: number;
  readonly events: number;
  readonly bytes: number;
}

/** Batches that are under way, and how long those took that have arrived. */
export class OpenWork {
  /** In the order in which they began. */
  readonly #open = new Set<Piece>();
  readonly #took = new Histogram();
  #events = 0;
  #bytes = 0;

  /** Enters a batch; the returned function is called once, when it has arrived. */
  begin(events: number, bytes: number): () => void {
    const piece = { began: performance.now(), events, bytes };
    this.#open.add(piece);
    this.#events += events;
    this.#bytes += bytes;
    return () => {
      if (!this.#open.delete(piece)) return;
      this.#events -= events;
      this.#bytes -= bytes;
      this.#took.observe((performance.now() - piece.began) / 1000);
    };
  }

  /** How long the batches took that have arrived. */
  took(): HistogramSnapshot {
    return this.#took.snapshot();
  }

  snapshot(): OpenWorkSnapshot {
    const [oldest] = this.#open;
    const seconds = oldest ? (performance.now() - oldest.began) / 1000 : 0;
    return { events: this.#events, bytes: this.#bytes, seconds };
  }
}
