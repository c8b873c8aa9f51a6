import { type Outcome, type Tally, worst } from "@sluice/core";
import type { HeldBatch, HeldPart } from "../state/held.ts";
import { addCounts, enterOutcome, type Ledger, newLedger, sinkLedger, total } from "../state/ledger.ts";

/** What one sink made of its part of a batch. */
export interface PartResult {
  readonly delivered: number;
  readonly deliveredBytes: number;
  /** Events it did not take, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Its events lie in the sink's disk buffer, under this number: what becomes of them is told later. */
  readonly held?: { readonly seq: number; readonly events: number };
}

/** Nothing to deliver. */
export const EMPTY_PART: PartResult = { delivered: 0, deliveredBytes: 0, dropped: {} };

/** What became of a batch at all sinks. */
export interface BatchResult {
  readonly ledger: Ledger;
  readonly outcome: Outcome;
  /** Set when some of its parts lie in disk buffers. */
  readonly held: HeldBatch | undefined;
}

/** Joins the outcomes of one batch at all sinks: it is settled when the last of them is. */
export class Settlement {
  readonly #ledger: Ledger = newLedger();
  readonly #kept: number;
  readonly #done: (result: BatchResult) => void;
  readonly #parts: HeldPart[] = [];
  readonly #batch: number;
  #open: number;
  #offered = 0;
  #outcome: Outcome = "delivered";

  /**
   * @param sinks Number of calls of `settle` to expect, at least 1.
   * @param batch Number of the batch, under which its parts in disk buffers are held together.
   */
  constructor(sinks: number, tally: Tally, done: (result: BatchResult) => void, batch = 0) {
    this.#open = sinks;
    this.#batch = batch;
    this.#kept = tally.kept;
    this.#done = done;
    this.#ledger.in = tally.in;
    this.#ledger.inBytes = tally.inBytes;
    addCounts(this.#ledger.made, tally.made);
    addCounts(this.#ledger.dropped, tally.dropped);
    addCounts(this.#ledger.tagged, tally.tagged);
    addCounts(this.#ledger.sanitized, tally.sanitized);
    addCounts(this.#ledger.adjusted, tally.adjusted);
  }

  /** Enters the result of one sink; called once a sink. */
  settle(sink: string, result: PartResult): void {
    const books = sinkLedger(this.#ledger, sink);
    const lost = total(result.dropped);
    books.delivered += result.delivered;
    books.deliveredBytes += result.deliveredBytes;
    addCounts(books.dropped, result.dropped);
    this.#offered += result.delivered + lost + (result.held?.events ?? 0);
    if (result.held) this.#parts.push({ sink, ...result.held });
    this.#outcome = worst(this.#outcome, lost > 0 ? "rejected" : "delivered");
    if (--this.#open === 0) this.#close();
  }

  #close(): void {
    const ledger = this.#ledger;
    const counts = { kept: this.#kept, offered: this.#offered };
    const dropped: Record<string, number> = {};
    for (const sink of Object.values(ledger.sinks)) addCounts(dropped, sink.dropped);
    if (this.#parts.length === 0) {
      enterOutcome(ledger, counts, dropped);
      return this.#done({ ledger, outcome: this.#outcome, held: undefined });
    }
    ledger.buffered = this.#kept;
    const held = { batch: this.#batch, ...counts, dropped, parts: this.#parts };
    this.#done({ ledger, outcome: this.#outcome, held });
  }
}
