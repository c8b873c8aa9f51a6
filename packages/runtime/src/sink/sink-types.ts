import type { Logger, Sink, SinkCommon } from "@sluice/core";
import type { SinkFlow } from "../meters/sink-meter.ts";
import type { DeadLetterFile } from "./dead-letter.ts";

/** `retrying`: the last write failed, the next one waits for its pause to end. */
export type SinkState = "starting" | "idle" | "writing" | "retrying" | "closed";

/** Numbers of one sink in this run. */
export interface SinkSnapshot {
  readonly name: string;
  readonly state: SinkState;
  /** Events that came from the program. */
  readonly events: number;
  /** Encoded bytes that are queued or written and not settled. */
  readonly inFlightBytes: number;
  readonly openWrites: number;
  readonly writes: number;
  /** Writes that failed and were offered again. */
  readonly retries: number;
  readonly lastError: string | undefined;
  /** Milliseconds since the epoch. */
  readonly lastErrorAt: number | undefined;
  /** When a sink that failed is tried again, in milliseconds since the epoch. */
  readonly retryAt: number | undefined;
  /** Errors by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Where its backlog waits: `bytes` of it, and how many may. */
  readonly buffer: { readonly type: "memory" | "disk"; readonly bytes: number; readonly limit: number };
  readonly flow: SinkFlow;
}

export interface SinkRunnerOptions {
  readonly name: string;
  readonly sink: Sink;
  readonly common: SinkCommon;
  readonly overlapping: boolean;
  readonly deadLetter: DeadLetterFile | undefined;
  readonly log: Logger;
  /** Aborted at the drain deadline: what is in flight then stays unsettled. */
  readonly deadline: AbortSignal;
}
