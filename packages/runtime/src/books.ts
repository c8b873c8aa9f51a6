import type { LostReason, ProgramOutput } from "@sluice/core";
import { SourceAcks } from "./acks/source-acks.ts";
import { Histogram } from "./meters/histogram.ts";
import type { PipelineSnapshot } from "./pipeline-options.ts";
import type { SinkSet } from "./sink/sink-set.ts";
import { addCounts, addLedger, type Ledger, newLedger, total } from "./state/ledger.ts";
import type { State } from "./state/state.ts";

type Numbers = Pick<PipelineSnapshot, "ledger" | "total" | "buffered" | "steps" | "program">;

/** What a pipeline counts from its start to its end, through all changes of its steps and sinks. */
export class Books {
  readonly #state: State;
  readonly #pipeline: string;
  readonly #run = newLedger();
  #closed = false;
  readonly #before: Ledger;
  readonly #inFlight = new Map<string, number>();
  readonly #steps = { in: 0, kept: 0, dropped: {} as Record<string, number> };
  /** How long batches took in the program. */
  readonly batches = new Histogram();

  /** Goes on from the books of all runs before this one. */
  constructor(state: State, pipeline: string) {
    this.#state = state;
    this.#pipeline = pipeline;
    this.#before = state.ledger(pipeline);
    state.onResolved(pipeline, (change) => this.#enter(change));
  }

  /** Acknowledgements of a source: what is settled is entered here and in the state, and told to the sinks there are then. */
  acks(source: string, sinks: () => SinkSet): SourceAcks {
    const pipeline = this.#pipeline;
    return new SourceAcks(({ streamKey, position, ledger, changes, held, reach: { streamId, to } }) => {
      this.#enter(ledger);
      this.#inFlight.set(source, this.inFlight(source) - ledger.in);
      this.#state.commit({ pipeline, source, streamKey, position, ledger, changes, held });
      if (position !== undefined) sinks().positionCommitted(source, streamId, to);
      for (const { sink, seq } of held?.parts ?? []) sinks().recordCommitted(sink, seq);
    });
  }

  /** Records that never became events, or are given up, have their place here all the same. */
  lost(source: string, reason: LostReason, records: number): void {
    if (records === 0 || this.#closed) return;
    const ledger = { ...newLedger(), in: records, dropped: { [reason]: records } };
    this.#enter(ledger);
    this.#state.commit({ pipeline: this.#pipeline, source, streamKey: "", position: undefined, ledger });
  }

  /** The result is made: what is lost after this is not entered any more. */
  close(): void {
    this.#closed = true;
  }

  /** Events that came out of the program and are not settled: of one source, or of all. */
  inFlight(source?: string): number {
    return source === undefined ? total(Object.fromEntries(this.#inFlight)) : (this.#inFlight.get(source) ?? 0);
  }

  /** Enters a batch of a source that came out of the program. */
  made(source: string, { tally }: ProgramOutput): void {
    this.#steps.in += tally.in;
    this.#steps.kept += tally.kept;
    addCounts(this.#steps.dropped, tally.dropped);
    this.#inFlight.set(source, this.inFlight(source) + tally.in);
  }

  /** What is in flight of a source is not waited for any more. Returns how many events that were. */
  giveUp(source: string): number {
    const events = this.inFlight(source);
    this.#inFlight.delete(source);
    return events;
  }

  snapshot(): Numbers {
    const ledger = newLedger();
    addLedger(ledger, this.#run);
    const all = newLedger();
    addLedger(all, this.#before);
    addLedger(all, this.#run);
    const steps = { ...this.#steps, dropped: { ...this.#steps.dropped } };
    return { ledger, total: all, buffered: this.inFlight(), steps, program: this.batches.snapshot() };
  }

  #enter(ledger: Ledger): void {
    addLedger(this.#run, ledger);
  }
}
