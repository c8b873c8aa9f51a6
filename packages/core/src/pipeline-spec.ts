import type { Value } from "./event.ts";
import type { SinkDefinition } from "./sink.ts";
import type { SourceDefinition } from "./source.ts";
import type { PatternFiles, StepDefinition } from "./step.ts";

// A pipeline file after parsing, interpolation and validation: plain data, so that it can be sent to a worker. Options
// are kept as written (not yet transformed by their zod type); whoever creates the component parses them.

export interface SourceSpec {
  readonly name: string;
  readonly type: string;
  readonly options: Value;
}

export interface StepSpec {
  readonly type: string;
  readonly options: Value;
  /** CEL over the event; the step is skipped where it is not true. */
  readonly when?: string;
}

/** Options that every sink has, with their defaults filled in; sizes in bytes, times in milliseconds. */
export interface SinkCommon {
  readonly when?: string;
  readonly batch: { readonly events: number; readonly bytes: number; readonly age: number };
  readonly retry: { readonly initial: number; readonly max: number; readonly attempts: number | "unlimited" };
  readonly buffer: {
    readonly type: "memory" | "disk";
    readonly size: number;
    readonly when_full: "block" | "drop_oldest" | "drop_newest";
    readonly compression?: "none" | "zstd";
  };
  readonly dead_letter?: string;
}

export interface SinkSpec extends SinkCommon {
  readonly name: string;
  readonly type: string;
  readonly options: Value;
}

/** Time that passes between two inputs, in milliseconds. */
export type Pause = { readonly after: number };

/** Fields that an event must have; null: it is dropped. */
export type Expectation = { readonly [field: string]: Value } | null;

export interface TestSpec {
  readonly name: string;
  /** Lines, or events with at least a `message`; and pauses. */
  readonly input: readonly (string | { readonly [field: string]: Value } | Pause)[];
  /** One entry for each event that comes out, and for each that is dropped, in order; or the same for all of them. */
  readonly expect: readonly Expectation[] | Expectation;
  /** Line of the test in its file, from 1. */
  readonly line: number;
}

export interface PipelineSpec {
  readonly name: string;
  /** Path of the file it came from. */
  readonly file: string;
  readonly baseDir: string;
  readonly sources: readonly SourceSpec[];
  readonly steps: readonly StepSpec[];
  readonly sinks: readonly SinkSpec[];
  readonly tests: readonly TestSpec[];
}

/** What a worker needs to compile the same program as the main thread. Structured-cloneable. */
export interface ProgramSpec {
  readonly pipeline: PipelineSpec;
  readonly patterns: PatternFiles;
  readonly hostname: string;
  /** Give each event `@timestamp` (reading time, until a step knows better) and `event.id`. Off for `sluice parse`. */
  readonly stamp: boolean;
  /** Use the kernel where possible. Off in tests that compare with the plain path. */
  readonly kernel: boolean;
  /** Batches may be looked at (`ProgramInput.watch`). */
  readonly watched?: boolean;
  /** Lets only events through whose time, after the steps, lies in it; the others are dropped as `outside_time`. */
  readonly window?: TimeWindow;
}

/** A span of event time, in milliseconds since the epoch: from `since` on, and before `until`. */
export interface TimeWindow {
  readonly since?: number;
  readonly until?: number;
}

/** The components by type. Loads a component's package on first use. */
export interface Registry {
  readonly sourceTypes: readonly string[];
  readonly stepTypes: readonly string[];
  readonly sinkTypes: readonly string[];
  source(type: string): Promise<SourceDefinition>;
  step(type: string): Promise<StepDefinition>;
  sink(type: string): Promise<SinkDefinition>;
}
