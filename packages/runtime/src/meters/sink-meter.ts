import type { EncodedBatch } from "@sluice/core";
import type { PartResult } from "../acks/settlement.ts";
import { addCounts } from "../state/ledger.ts";
import { Histogram, type HistogramSnapshot } from "./histogram.ts";
import { OpenWork, type OpenWorkSnapshot } from "./open-work.ts";
import { Waiting } from "./waiting.ts";

/** What a sink was given and what it made of it, in this run. */
export interface SinkFlow {
  readonly received: { readonly events: number; readonly bytes: number };
  readonly delivered: { readonly events: number; readonly bytes: number };
  /** Events it did not take, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What it has been given and has neither delivered nor dropped. */
  readonly backlog: OpenWorkSnapshot;
  /** Seconds in which the pipeline had to wait for it. */
  readonly backpressureSeconds: number;
  /** How long single writes took that succeeded. */
  readonly writes: HistogramSnapshot;
  /** How long batches took from the program until they were settled. */
  readonly delivery: HistogramSnapshot;
}

type Settle = (result: PartResult) => void;

/** Counts what goes through one sink, once a batch. */
export class SinkMeter {
  readonly #open = new OpenWork();
  readonly #writes = new Histogram();
  readonly #waiting = new Waiting();
  readonly #received = { events: 0, bytes: 0 };
  readonly #delivered = { events: 0, bytes: 0 };
  readonly #dropped: Record<string, number> = {};

  /** Enters a batch; its result is counted on the way to `settle`. */
  enter({ ends, bytes }: EncodedBatch, settle: Settle): Settle {
    this.#received.events += ends.length;
    this.#received.bytes += bytes.length;
    const arrived = this.#open.begin(ends.length, bytes.length);
    return (result) => {
      arrived();
      this.#delivered.events += result.delivered;
      this.#delivered.bytes += result.deliveredBytes;
      addCounts(this.#dropped, result.dropped);
      settle(result);
    };
  }

  /** Counts the time until there is room again. */
  backpressure(room: Promise<void>): Promise<void> {
    return this.#waiting.during(room);
  }

  /** Enters a write that succeeded, begun at this time of `performance.now()`. */
  wrote(began: number): void {
    this.#writes.observe((performance.now() - began) / 1000);
  }

  snapshot(): SinkFlow {
    return {
      received: { ...this.#received },
      delivered: { ...this.#delivered },
      dropped: { ...this.#dropped },
      backlog: this.#open.snapshot(),
      backpressureSeconds: this.#waiting.seconds,
      writes: this.#writes.snapshot(),
      delivery: this.#open.took(),
    };
  }
}
