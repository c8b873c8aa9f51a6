import type { PipelineSnapshot } from "@sluice/runtime";

// What the HTTP side is told about a running sluice. Everything is asked for when somebody looks, nothing is pushed.

/** A component as the pipeline file names it. */
export interface ComponentView {
  readonly name: string;
  readonly type: string;
}

/** A step, with the reason under which the ledger counts what it drops. */
export interface StepView extends ComponentView {
  /** What it does, in a few words: `parse nginx`. */
  readonly label: string;
}

/** A pipeline: what it is made of, and its numbers. */
export interface PipelineView {
  readonly name: string;
  readonly file: string;
  readonly sources: readonly ComponentView[];
  readonly steps: readonly StepView[];
  readonly sinks: readonly ComponentView[];
  /** What somebody should know who trusts it, e.g. `sanitize: off` and `verify: false`. */
  readonly warnings: readonly string[];
  /** False once it has ended. */
  readonly running: boolean;
  readonly snapshot: PipelineSnapshot;
}

/** Why a reload changed nothing; empty when it did what the files say. */
export interface ReloadResult {
  readonly ok: boolean;
  readonly changed: readonly string[];
  readonly problems: readonly string[];
}

/** A running sluice, as the HTTP side sees it. */
export interface Observed {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** False until all pipelines have been started. */
  started(): boolean;
  pipelines(): readonly PipelineView[];
  /** The state database cannot be written now. */
  stateFailing(): boolean;
  /** How often a damaged state database was set aside. */
  stateLosses(): number;
  /** Reads the pipeline files again; undefined where this sluice cannot. */
  readonly reload?: () => Promise<ReloadResult>;
}
