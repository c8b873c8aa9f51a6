import { count } from "@sluice/core";

/** What became of events at one sink. */
export interface SinkLedger {
  delivered: number;
  deliveredBytes: number;
  /** Events the sink did not take, by reason (`dead_letter`, `delivery_failed`, `buffer_full`). */
  dropped: Record<string, number>;
}

/**
 * The books of a pipeline, over batches that are settled: `in + sum(made) = delivered + sum(dropped) + buffered`.
 *
 * An event is delivered when every sink that wanted it has it. Sinks report numbers, not events: where several sinks
 * lose events of one batch, these are taken to be different events.
 */
export interface Ledger {
  in: number;
  /** Bytes of the records, without line ends. */
  inBytes: number;
  /** Events that steps have made, by the step's type. */
  made: Record<string, number>;
  delivered: number;
  /** Events that lie in a sink's disk buffer. In the books of one run it is the change, and may be negative. */
  buffered: number;
  /**
   * By reason: a step's own (`drop`, `keep`, …), `unrouted` when no sink's `when` took the event, `dead_letter` when
   * it is in a dead letter file, `delivery_failed` when there is none, `buffer_full` under a `drop_*` policy,
   * `buffer_lost` when the record of a disk buffer was damaged, `killed` when sluice was killed before a disk buffer had it
   * that another one had already.
   */
  dropped: Record<string, number>;
  tagged: Record<string, number>;
  /** Secrets taken out of events, by `rule:action`. */
  sanitized: Record<string, number>;
  adjusted: Record<string, number>;
  sinks: Record<string, SinkLedger>;
}

/** Empty books. */
export function newLedger(): Ledger {
  const sums = { in: 0, inBytes: 0, delivered: 0, buffered: 0 };
  return { ...sums, made: {}, dropped: {}, tagged: {}, sanitized: {}, adjusted: {}, sinks: {} };
}

/** The books of a sink, entered when they are new. */
export function sinkLedger(ledger: Ledger, name: string): SinkLedger {
  ledger.sinks[name] ??= { delivered: 0, deliveredBytes: 0, dropped: {} };
  return ledger.sinks[name];
}

/** Adds every number of `from` to `to`. */
export function addLedger(to: Ledger, from: Ledger): void {
  to.in += from.in;
  to.inBytes += from.inBytes;
  to.delivered += from.delivered;
  to.buffered += from.buffered;
  addCounts(to.made, from.made);
  addCounts(to.dropped, from.dropped);
  addCounts(to.tagged, from.tagged);
  addCounts(to.sanitized, from.sanitized);
  addCounts(to.adjusted, from.adjusted);
  for (const name of Object.keys(from.sinks)) addSink(sinkLedger(to, name), sinkLedger(from, name));
}

/** Adds named counts. */
export function addCounts(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const name in from) count(to, name, from[name]);
}

/** Enters what became of a batch's events once all sinks have spoken. */
export function enterOutcome(
  ledger: Ledger,
  { kept, offered }: { readonly kept: number; readonly offered: number },
  dropped: Readonly<Record<string, number>>,
): void {
  let left = kept;
  const lose = (reason: string, n: number) => {
    const lost = Math.min(n, left);
    if (lost <= 0) return;
    count(ledger.dropped, reason, lost);
    left -= lost;
  };
  lose("unrouted", kept - offered);
  for (const [reason, n] of Object.entries(dropped)) lose(reason, n);
  ledger.delivered += left;
}

/** Sum of named counts. */
export function total(counts: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const name in counts) sum += counts[name] as number;
  return sum;
}

function addSink(to: SinkLedger, from: SinkLedger): void {
  to.delivered += from.delivered;
  to.deliveredBytes += from.deliveredBytes;
  addCounts(to.dropped, from.dropped);
}

/** One number of the books as it is stored; `sink` is empty for the pipeline's own. */
export type LedgerRow = readonly [sink: string, kind: string, reason: string, n: number];

/** The books as rows. */
export function ledgerRows(ledger: Ledger): LedgerRow[] {
  const rows: LedgerRow[] = [
    ["", "in", "", ledger.in],
    ["", "inBytes", "", ledger.inBytes],
    ["", "delivered", "", ledger.delivered],
    ["", "buffered", "", ledger.buffered],
  ];
  const named = (sink: string, kind: string, counts: Readonly<Record<string, number>>) => {
    for (const reason in counts) rows.push([sink, kind, reason, counts[reason] as number]);
  };
  named("", "made", ledger.made);
  named("", "dropped", ledger.dropped);
  named("", "tagged", ledger.tagged);
  named("", "sanitized", ledger.sanitized);
  named("", "adjusted", ledger.adjusted);
  for (const [name, sink] of Object.entries(ledger.sinks)) {
    rows.push([name, "delivered", "", sink.delivered], [name, "deliveredBytes", "", sink.deliveredBytes]);
    named(name, "dropped", sink.dropped);
  }
  return rows.filter((row) => row[3] !== 0);
}

/** Enters a stored row. */
export function enterRow(ledger: Ledger, [sink, kind, reason, n]: LedgerRow): void {
  const books = sink === "" ? ledger : sinkLedger(ledger, sink);
  if (kind === "dropped") count(books.dropped, reason, n);
  else if (kind === "delivered") books.delivered += n;
  else if (kind === "deliveredBytes") sinkLedger(ledger, sink).deliveredBytes += n;
  else if (kind === "made" || kind === "tagged" || kind === "sanitized" || kind === "adjusted")
    count(ledger[kind], reason, n);
  else if (kind === "in" || kind === "inBytes" || kind === "buffered") ledger[kind] += n;
}
