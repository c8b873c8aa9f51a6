import type { Logger, LostReason, ProgramOutput, Source, SourceBatch, SourceState } from "@sluice/core";
import type { SourceAcks } from "./acks/source-acks.ts";
import type { Boundaries } from "./boundaries.ts";
import type { Lanes, Place } from "./lanes.ts";
import type { HistogramSnapshot } from "./meters/histogram.ts";
import type { OpenWorkSnapshot } from "./meters/open-work.ts";
import type { Routed } from "./routed.ts";
import type { SourceStream } from "./streams.ts";

/** A batch on its way to the program. */
export interface SourceItem {
  /** Name of its source. */
  readonly source: string;
  readonly batch: SourceBatch;
  /** Milliseconds since the epoch when it was read, or written by. */
  readonly now: number;
  readonly settled: ReturnType<SourceAcks["track"]>;
  readonly place: Place<Routed>;
  /** What the program has made of it already, for what comes out of the program without a batch. */
  readonly output?: ProgramOutput;
}

export type SourceRunState = "waiting" | "running" | "restarting" | "ended" | "failed";

/** Numbers of one source in this run. */
export interface SourceSnapshot {
  readonly name: string;
  readonly state: SourceRunState;
  readonly batches: number;
  readonly bytes: number;
  /** Batches emitted and not committed. */
  readonly inFlightBatches: number;
  readonly restarts: number;
  readonly lastError: string | undefined;
  /** Events made of what it read; batches that have not left the program are not in it. */
  readonly events: number;
  /** Errors by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** What it has emitted and is not settled by all sinks. Events are not known here and stay 0. */
  readonly backlog: OpenWorkSnapshot;
  /** Seconds in which it had to wait for room in the pipeline. */
  readonly backpressureSeconds: number;
  /** How long batches took from being read until all sinks had settled them. */
  readonly delivery: HistogramSnapshot;
}

/** Where the batches of a source go, while its pipeline flows. */
export interface Outlet {
  readonly stream: SourceStream<SourceItem>;
  readonly lanes: Lanes<Routed>;
  readonly boundaries: Boundaries;
  /** Asks the sinks to settle what they gather. */
  readonly hurry: () => void;
}

export interface SourceRunnerOptions {
  readonly name: string;
  readonly source: Source;
  readonly acks: SourceAcks;
  readonly state: SourceState;
  readonly log: Logger;
  readonly finite: boolean;
  /** Enters records that were lost before they could be read. */
  readonly lost: (reason: LostReason, records: number) => void;
}
