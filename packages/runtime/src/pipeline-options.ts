import type { ResourceLimits } from "node:worker_threads";
import {
  type AnySink,
  type Logger,
  type PipelineSpec,
  type Program,
  type ProgramSpec,
  type Seen,
  type SinkSpec,
  SluiceError,
  type Source,
  type Watch,
} from "@sluice/core";
import type { HistogramSnapshot } from "./meters/histogram.ts";
import type { SinkSnapshot } from "./sink/sink-types.ts";
import type { SourceSnapshot } from "./source-types.ts";
import type { Ledger } from "./state/ledger.ts";
import type { State } from "./state/state.ts";
import type { WorkersSnapshot } from "./workers/runner.ts";

export interface PipelineSource {
  readonly name: string;
  readonly source: Source;
}

export interface PipelineSink {
  readonly spec: SinkSpec;
  readonly sink: AnySink;
  /** From its definition: several writes may be open at once. */
  readonly overlapping?: boolean;
}

export interface PipelineOptions {
  readonly spec: PipelineSpec;
  readonly programSpec: ProgramSpec;
  /** Compiles the program in this thread; used when `workers` is 0. */
  readonly compile: (spec: ProgramSpec) => Promise<Program>;
  /** Module of the worker threads; it calls `serveProgram`. */
  readonly workerUrl: URL;
  /** Worker threads; 0 runs the program in this thread, `auto` is one a core, at most 4. */
  readonly workers: number | "auto";
  /** Limits of each worker's heap. */
  readonly resourceLimits?: ResourceLimits;
  readonly sources: readonly PipelineSource[];
  /** In the order of the pipeline file, which is that of the program's outputs. */
  readonly sinks: readonly PipelineSink[];
  readonly state: State;
  readonly log: Logger;
  /** Looks at events as they go through; `programSpec.watched` must be true for it. */
  readonly watcher?: Watcher | undefined;
  /** Sources return at the end of what is there, which ends the run. */
  readonly finite: boolean;
}

/** Somebody who may look at events. */
export interface Watcher {
  /** What to look at in the next batch of a source; undefined: nothing. */
  ask(source: string): Watch | undefined;
  /** Is told what was seen of a batch of so many events; batches come in no particular order. */
  saw(seen: Seen | undefined, events: number): void;
}

/** All numbers of a pipeline at one moment. */
export interface PipelineSnapshot {
  readonly name: string;
  /** The books of this run. */
  readonly ledger: Ledger;
  /** The books since the state directory was made. */
  readonly total: Ledger;
  /**
   * Events that came out of the program and are not settled; with them, `in + buffered` is what was read. Those which lie
   * in disk buffers are settled, and counted in the ledger.
   */
  readonly buffered: number;
  /** Batches read and not settled, whether or not they came out of the program. */
  readonly openBatches: number;
  readonly sources: readonly SourceSnapshot[];
  readonly sinks: readonly SinkSnapshot[];
  readonly workers: WorkersSnapshot;
  /** What the steps made of the events of this run, whether or not they are settled: `in = kept + dropped`. */
  readonly steps: { readonly in: number; readonly kept: number; readonly dropped: Readonly<Record<string, number>> };
  /** How long batches took in the program, waiting for a worker included. */
  readonly program: HistogramSnapshot;
}

/** How a run ended. */
export interface PipelineResult {
  /** Everything that was read is settled, and no source was given up. */
  readonly ok: boolean;
  /** What broke the pipeline: SLUICE_DEADLINE, SLUICE_WORKER, SLUICE_STATE; positions of open batches did not move. */
  readonly error: SluiceError | undefined;
  readonly snapshot: PipelineSnapshot;
}

/** Throws SLUICE_CONFIG for options that cannot work. */
export function checkOptions({ sinks, sources, spec }: PipelineOptions): void {
  const gatherer = sinks.find(({ sink, spec }) => "run" in sink && mayLose(spec));
  if (gatherer) {
    const text = `pipeline ${spec.name}: sink ${gatherer.spec.name} never gives up and never drops`;
    throw new SluiceError("SLUICE_CONFIG", text, {
      hint: "leave out retry.attempts, buffer.when_full and dead_letter",
    });
  }
  const fault = (sinks.length === 0 && "has no sink") || (sources.length === 0 && "has no source");
  if (fault) throw new SluiceError("SLUICE_CONFIG", `pipeline ${spec.name}: ${fault}`, { hint: "add one" });
}

/** Whether the options say that events may be given up, which a sink that gathers them cannot do one by one. */
function mayLose({ retry, buffer, dead_letter: letters }: SinkSpec): boolean {
  return retry.attempts !== "unlimited" || buffer.when_full !== "block" || letters !== undefined;
}
