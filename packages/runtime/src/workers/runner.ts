import type { ProgramInput, ProgramOutput, Tick, Watch } from "@sluice/core";

/** Numbers of the workers in this run. */
export interface WorkersSnapshot {
  /** 0: the program runs in the main thread. */
  readonly workers: number;
  /** Threads that have compiled the program and take batches. */
  readonly ready: number;
  /** Threads that had to be replaced. */
  readonly restarts: number;
  /** Records that hung and were passed on unparsed. */
  readonly timeouts: number;
  /** Batches in the program now. */
  readonly open: number;
  /** Seconds in which the threads were not idle, all together. */
  readonly busySeconds: number;
}

/** Runs the program, wherever it is. Nothing is lost on the way: a batch comes out, or the pipeline fails. */
export interface ProgramRunner {
  /** Batches worth having in flight at once. */
  readonly limit: number;
  /** Steps remember things: they are to be asked for what is due. */
  readonly ticks: boolean;
  /**
   * Takes over `input.data`. Rejects when the batch can never be processed.
   * @param held called when the output will only come with a later batch, or a tick. May be called again.
   */
  run(input: ProgramInput, streamKey: string, held?: () => void): Promise<ProgramOutput>;
  /** Asks the steps for what is due, after everything that was given before; one output for each place they run in. */
  tick(why: Tick, now: number, watch?: Watch): Promise<readonly ProgramOutput[]>;
  snapshot(): WorkersSnapshot;
  close(): Promise<void>;
}
