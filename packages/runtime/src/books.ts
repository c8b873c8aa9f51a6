import type { ProgramOutput } from "@sluice/core";
import { Histogram } from "./meters/histogram.ts";
import type { PipelineSnapshot } from "./pipeline-options.ts";
import { addCounts, addLedger, type Ledger, newLedger, total } from "./state/ledger.ts";

type Numbers = Pick<PipelineSnapshot, "ledger" | "total" | "buffered" | "steps" | "program">;

/** What a pipeline counts from its start to its end, through all changes of its steps and sinks. */
export class Books {
  readonly #run = newLedger();
  readonly #before: Ledger;
  readonly #inFlight = new Map<string, number>();
  readonly #steps = { in: 0, kept: 0, dropped: {} as Record<string, number> };
  /** How long batches took in the program. */
  readonly batches = new Histogram();

  /** @param before The books of all runs before this one. */
  constructor(before: Ledger) {
    this.#before = before;
  }

  /** Events that came out of the program and are not settled: of one source, or of all. */
  inFlight(source?: string): number {
    return source === undefined ? total(Object.fromEntries(this.#inFlight)) : (this.#inFlight.get(source) ?? 0);
  }

  /** Enters a change that belongs to no batch. */
  enter(ledger: Ledger): void {
    addLedger(this.#run, ledger);
  }

  /** Enters a batch of a source that came out of the program. */
  made(source: string, { tally }: ProgramOutput): void {
    this.#steps.in += tally.in;
    this.#steps.kept += tally.kept;
    addCounts(this.#steps.dropped, tally.dropped);
    this.#inFlight.set(source, this.inFlight(source) + tally.in);
  }

  /** Enters a batch of a source that is settled. */
  settled(source: string, ledger: Ledger): void {
    this.enter(ledger);
    this.#inFlight.set(source, this.inFlight(source) - ledger.in);
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
}
