import { count, type Outcome, type Tally, worst } from "@sluice/core";
import { addCounts, type Ledger, newLedger, sinkLedger, total } from "../state/ledger.ts";

/** What one sink made of its part of a batch. */
export interface PartResult {
  readonly delivered: number;
  readonly deliveredBytes: number;
  /** Events it did not take, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Nothing to deliver. */
export const EMPTY_PART: PartResult = { delivered: 0, deliveredBytes: 0, dropped: {} };

/** Joins the outcomes of one batch at all sinks: it is settled when the last of them is. */
export class Settlement {
  readonly #ledger: Ledger = newLedger();
  readonly #kept: number;
  readonly #done: (ledger: Ledger, outcome: Outcome) => void;
  #open: number;
  #offered = 0;
  #outcome: Outcome = "delivered";

  /** @param sinks Number of calls of `settle` to expect, at least 1. */
  constructor(sinks: number, tally: Tally, done: (ledger: Ledger, outcome: Outcome) => void) {
    this.#open = sinks;
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
    this.#offered += result.delivered + lost;
    this.#outcome = worst(this.#outcome, lost > 0 ? "rejected" : "delivered");
    if (--this.#open === 0) this.#close();
  }

  #close(): void {
    const ledger = this.#ledger;
    let left = this.#kept;
    const lose = (reason: string, n: number) => {
      const lost = Math.min(n, left);
      if (lost <= 0) return;
      count(ledger.dropped, reason, lost);
      left -= lost;
    };
    lose("unrouted", this.#kept - this.#offered);
    for (const sink of Object.values(ledger.sinks)) {
      for (const [reason, n] of Object.entries(sink.dropped)) lose(reason, n);
    }
    ledger.delivered = left;
    this.#done(ledger, this.#outcome);
  }
}
