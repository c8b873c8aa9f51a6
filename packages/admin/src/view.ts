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

/** `failed`: everything runs as before. */
export type ReloadOutcome = "changed" | "unchanged" | "failed";

/** What a reload did, or why it changed nothing. All but `problems` are names of pipelines. */
export interface ReloadResult {
  readonly ok: boolean;
  readonly result: ReloadOutcome;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
  readonly problems: readonly string[];
}

/** What became of the reloads of a running sluice. */
export interface ReloadHistory {
  readonly counts: Readonly<Record<ReloadOutcome, number>>;
  readonly last: { readonly at: number; readonly result: ReloadResult } | undefined;
  /** When the files were last read without an error, in milliseconds since the epoch: at the start, or by a reload. */
  readonly successAt: number;
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
  /** Reads the pipeline files again; undefined where this sluice cannot, or not yet. */
  readonly reload?: (() => Promise<ReloadResult>) | undefined;
  /** Undefined where this sluice cannot reload. */
  reloads?(): ReloadHistory | undefined;
}
