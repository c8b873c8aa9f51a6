import type { ProgramInput, ProgramOutput, ProgramSpec, Spread, StepState } from "@sluice/core";

/** What a worker is started with, as its `workerData`. */
export interface WorkerStart {
  readonly spec: ProgramSpec;
  /** Shared: `[RECORD]` is the record at work, `[JOB]` the job, `IDLE` between jobs. */
  readonly progress: Int32Array;
  /** What the steps remember. */
  readonly state: StepState;
}

/** Index into `progress` of the record at work; -1 before the first. Written by `Program.run`. */
export const RECORD = 0;
/** Index into `progress` of the job at work. */
export const JOB = 1;
/** `progress[JOB]` between jobs. */
export const IDLE = -1;

/** Main thread to worker. Buffers are transferred. */
export interface JobMessage {
  readonly job: number;
  readonly input: ProgramInput;
  /** Run with a timeout in the worker itself, because a record hung lately. */
  readonly guarded: boolean;
}

/** Something that was thrown, in a form that survives the thread's border. */
export interface Failure {
  readonly code: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Worker to main thread. */
export type WorkerMessage =
  /** `thread`: the thread's id in `/proc/self/task`, 0 where there is none. */
  | { readonly kind: "ready"; readonly thread: number; readonly spread: Spread; readonly ticks: boolean }
  /** The job was run; its output will come with that of a later one. */
  | { readonly kind: "held"; readonly job: number }
  | { readonly kind: "unusable"; readonly failure: Failure }
  | {
      readonly kind: "done";
      readonly job: number;
      readonly output: ProgramOutput;
      readonly timedOut: readonly number[];
    }
  | { readonly kind: "failed"; readonly job: number; readonly failure: Failure; readonly record: number };

/** The parts of an error that are told to the other thread. */
export function toFailure(error: unknown): Failure {
  const { code, message, hint } = error as { code?: unknown; message?: unknown; hint?: unknown };
  return {
    code: typeof code === "string" ? code : undefined,
    message: typeof message === "string" ? message : String(error),
    hint: typeof hint === "string" ? hint : undefined,
  };
}
