import type { EncodedBatch, RecordBatch, Tally } from "./batch.ts";
import type { StateChanges, StepState } from "./memory.ts";
import type { Spread, Tick } from "./step.ts";
import type { Seen, Watch } from "./watch.ts";

export interface ProgramInput extends RecordBatch {
  /** Milliseconds since the epoch when the batch was read: the program's only clock. */
  readonly now: number;
  /**
   * Records (by index) to pass on unparsed with the tag `_timeout`, because one of them hung an earlier attempt. Of the
   * steps only those see them that must not be passed by (`Step.skipped`).
   */
  readonly skip?: readonly number[];
  /** Names the batch in {@link ProgramOutput.earlier}, for programs with `memory`. */
  readonly batch?: number;
  /** No records: asks the steps for what is due. */
  readonly tick?: Tick;
  /** What somebody wants to see of the batch. Left out when a record hung: looking may have been to blame. */
  readonly watch?: Watch | undefined;
}

export interface ProgramOutput {
  /** One entry a sink, in the order of the pipeline file; null when no event is for it. */
  readonly outputs: readonly (EncodedBatch | null)[];
  readonly tally: Tally;
  /** What was seen, where `watch` was asked for. */
  readonly seen?: Seen;
  /** What the steps have to remember of this batch, from the moment on in which its position is stored. */
  readonly changes?: StateChanges;
  /** A step holds back an event of this batch: the output is empty, and comes as an `earlier` one of a later run. */
  readonly held?: boolean;
  /** Outputs of batches that were held and are complete now. */
  readonly earlier?: readonly { readonly batch: number; readonly output: ProgramOutput }[];
}

/** What the steps of a program remember. */
export interface ProgramMemory {
  /** Takes over what was stored. Before the first run. */
  restore(state: StepState): void;
  /**
   * After a run that threw or was ended: forgets what it has changed.
   * @param blame if it was at an event that had been held back, that one goes past the steps from now on
   */
  rollback(blame?: boolean): void;
  /** Goes on from where another program of the same pipeline is. Before the first run. */
  takeOver(from: ProgramMemory): void;
}

/** The compiled middle of a pipeline: decode, steps, encode. Pure and synchronous, the same in every thread. */
export interface Program {
  readonly spread: Spread;
  /** Present when steps remember something. Such a program sees the batches of a stream in order, and each once. */
  readonly memory?: ProgramMemory | undefined;
  /**
   * @param progress `progress[0]` is set to the index of the record at work, so that a watcher can name the one
   * that hangs. While an event is at work that was held back, it is below -1, another number for each.
   */
  run(input: ProgramInput, progress?: Int32Array): ProgramOutput;
}
