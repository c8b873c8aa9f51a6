import type { Event } from "@sluice/core";
import type { Ledger, SinkSnapshot, SourceSnapshot } from "@sluice/runtime";
import type { Readiness } from "../health.ts";
import type { StepView } from "../view.ts";
import type { Latency } from "./latency.ts";
import type { NotableEvent } from "./notable.ts";
import type { ServiceStatus } from "./services.ts";

// What the dashboard and `sluice top` are told once a second. Rates are per second.

export interface SourceStatus {
  readonly name: string;
  readonly type: string;
  readonly state: SourceSnapshot["state"];
  readonly events: number;
  readonly bytes: number;
  readonly eventRate: number;
  readonly byteRate: number;
  readonly backlogBytes: number;
  readonly backlogSeconds: number;
  readonly errors: number;
  readonly restarts: number;
  readonly lastError: string | undefined;
  /** Part of the last seconds in which it had to wait, 0 to 1. */
  readonly waiting: number;
}

export interface StepStatus extends StepView {
  readonly dropped: number;
  readonly dropRate: number;
}

export interface SinkStatus {
  readonly name: string;
  readonly type: string;
  readonly state: SinkSnapshot["state"];
  readonly events: number;
  readonly delivered: number;
  readonly inRate: number;
  readonly outRate: number;
  readonly byteRate: number;
  readonly dropped: number;
  readonly backlogEvents: number;
  readonly backlogBytes: number;
  readonly backlogSeconds: number;
  readonly buffer: SinkSnapshot["buffer"];
  readonly errors: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly retryAt: number | undefined;
  readonly lastError: string | undefined;
  readonly lastErrorAt: number | undefined;
  readonly latency: Latency;
  readonly waiting: number;
}

/** The books since the state directory was made. */
export interface LedgerStatus
  extends Pick<Ledger, "in" | "inBytes" | "made" | "delivered" | "dropped" | "tagged" | "sanitized"> {
  readonly buffered: number;
}

export interface PipelineStatus {
  readonly name: string;
  readonly file: string;
  readonly running: boolean;
  readonly warnings: readonly string[];
  readonly sources: readonly SourceStatus[];
  readonly steps: readonly StepStatus[];
  readonly sinks: readonly SinkStatus[];
  readonly ledger: LedgerStatus;
  readonly inRate: number;
  readonly outRate: number;
  readonly dropRate: number;
  readonly latency: Latency;
  readonly workers: {
    readonly count: number;
    readonly ready: number;
    readonly busy: number;
    readonly restarts: number;
  };
}

export interface ProcessStatus {
  /** Cores in use: 1 is one core. */
  readonly cpu: number;
  /** Part of the time in which the main thread is not idle, 0 to 1. */
  readonly mainBusy: number;
  readonly memoryBytes: number;
}

export interface Status {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly now: number;
  readonly readiness: Readiness;
  readonly process: ProcessStatus;
  readonly pipelines: readonly PipelineStatus[];
  readonly services: readonly ServiceStatus[];
  /** False where services were counted from a sample. */
  readonly servicesExact: boolean;
  readonly alerts: readonly NotableEvent[];
  readonly alertCount: number;
  readonly figures: readonly Event[];
  /** Why the last reload changed nothing; empty when it did what the files say. */
  readonly reloadProblems: readonly string[];
}
