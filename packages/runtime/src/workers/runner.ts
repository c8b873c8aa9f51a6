import type { ProgramInput, ProgramOutput } from "@sluice/core";

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
  /** Takes over `input.data`. Rejects when the batch can never be processed. */
  run(input: ProgramInput, streamKey: string): Promise<ProgramOutput>;
  snapshot(): WorkersSnapshot;
  close(): Promise<void>;
}
