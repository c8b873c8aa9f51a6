import type { EncodedBatch, RecordBatch, Tally } from "./batch.ts";
import type { Spread } from "./component.ts";
import type { Seen, Watch } from "./watch.ts";

export interface ProgramInput extends RecordBatch {
  /** Milliseconds since the epoch when the batch was read: the program's only clock. */
  readonly now: number;
  /**
   * Records (by index) to pass on unparsed with the tag `_timeout`, because one of them hung an earlier attempt. Of the
   * steps only those see them that must not be passed by (`Step.skipped`).
   */
  readonly skip?: readonly number[];
  /** What somebody wants to see of the batch. Left out when a record hung: looking may have been to blame. */
  readonly watch?: Watch | undefined;
}

export interface ProgramOutput {
  /** One entry a sink, in the order of the pipeline file; null when no event is for it. */
  readonly outputs: readonly (EncodedBatch | null)[];
  readonly tally: Tally;
  /** What was seen, where `watch` was asked for. */
  readonly seen?: Seen;
}

/** The compiled middle of a pipeline: decode, steps, encode. Pure and synchronous, the same in every thread. */
export interface Program {
  readonly spread: Spread;
  /**
   * @param progress `progress[0]` is set to the index of the record at work, so that a watcher can name the one
   * that hangs.
   */
  run(input: ProgramInput, progress?: Int32Array): ProgramOutput;
}
