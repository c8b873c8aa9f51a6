import { type ResourceLimits, Worker } from "node:worker_threads";
import { type ProgramSpec, SluiceError, type StepState } from "@sluice/core";
import type { Work } from "./hang-watch.ts";
import type { Job } from "./job.ts";
import { IDLE, JOB, type JobMessage, RECORD, type WorkerMessage, type WorkerStart } from "./protocol.ts";

export interface SlotOptions {
  readonly workerUrl: URL;
  readonly spec: ProgramSpec;
  readonly resourceLimits: ResourceLimits | undefined;
  /** What the steps remember, for a worker that starts. */
  readonly state: () => StepState;
}

type Done = Extract<WorkerMessage, { kind: "done" }>;
type Failed = Extract<WorkerMessage, { kind: "failed" }>;
type Ready = Extract<WorkerMessage, { kind: "ready" }>;

/** What a slot tells its pool. */
export interface SlotEvents {
  ready(slot: WorkerSlot, message: Ready): void;
  done(slot: WorkerSlot, job: Job, message: Done): void;
  failed(slot: WorkerSlot, job: Job, message: Failed): void;
  /** The job was run, and its output will come later; if the thread dies before, it is run again. */
  held(slot: WorkerSlot, job: Job): void;
  /** The thread is gone. `jobs` were with it, `running` is the one it worked on, at `record`. */
  lost(slot: WorkerSlot, loss: { jobs: Job[]; running: Job | undefined; record: number; error: Error }): void;
}

/** A place for one worker thread, which is replaced when it dies. */
export class WorkerSlot {
  readonly index: number;
  readonly #options: SlotOptions;
  readonly #events: SlotEvents;
  #worker: Worker | undefined;
  #progress = newProgress();
  #thread = 0;
  #ready = false;
  #stuck = false;
  #jobs: Job[] = [];
  /** Jobs that were run and whose output is still to come. */
  readonly #held = new Set<Job>();
  /** Of threads that are gone. */
  #busyMsBefore = 0;

  constructor(index: number, options: SlotOptions, events: SlotEvents) {
    this.index = index;
    this.#options = options;
    this.#events = events;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** There is a thread, or was one. */
  get started(): boolean {
    return this.#worker !== undefined;
  }

  /** The worker is at a record that takes unusually long; true until it has finished that batch. */
  get stuck(): boolean {
    return this.#stuck;
  }

  /** Seconds in which this slot's threads were not idle. */
  get busySeconds(): number {
    return (this.#busyMsBefore + this.#busyMs()) / 1000;
  }

  /** Batches at the worker, the one at work included. */
  get load(): number {
    return this.#jobs.length - this.#held.size;
  }

  start(): void {
    const { spec, workerUrl, resourceLimits, state } = this.#options;
    this.#progress = newProgress();
    const workerData: WorkerStart = { spec, progress: this.#progress, state: state() };
    const worker = new Worker(workerUrl, { workerData, ...(resourceLimits && { resourceLimits }) });
    this.#worker = worker;
    worker.on("message", (message: WorkerMessage) => this.#worker === worker && this.#receive(message));
    worker.on("error", (error) => this.#worker === worker && this.#gone(workerError(error)));
    worker.on("exit", (code) => this.#worker === worker && this.#gone(workerError(`exit code ${code}`)));
  }

  send(job: Job, data: Uint8Array<ArrayBuffer>): void {
    const message: JobMessage = { job: job.id, input: job.input(data), guarded: job.guarded };
    this.#jobs.push(job);
    this.#worker?.postMessage(message, [data.buffer]);
  }

  /** What the thread is doing, or undefined when it waits. */
  work(): Work | undefined {
    const job = this.#running();
    const record = Atomics.load(this.#progress, RECORD);
    return job && { job: job.id, record, bytes: job.bytes, thread: this.#thread, guarded: job.guarded };
  }

  /** Marks the worker as stuck and takes back what it has not begun; what it still makes of these is ignored. */
  withdraw(): Job[] {
    this.#stuck = true;
    const running = this.#running();
    const waiting = this.#jobs.filter((job) => job !== running);
    this.#jobs = this.#jobs.filter((job) => job === running);
    return waiting;
  }

  /** Ends the thread as if it had died. */
  kill(error: Error): void {
    void this.#worker?.terminate();
    this.#gone(error);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#ready = false;
    await worker?.terminate();
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === "unusable") {
      const { code, message: text, hint } = message.failure;
      const error = new SluiceError(code?.startsWith("SLUICE_") ? (code as "SLUICE_WORKER") : "SLUICE_WORKER", text, {
        ...(hint !== undefined && { hint }),
      });
      return this.#gone(error);
    }
    if (message.kind === "ready") {
      this.#ready = true;
      this.#thread = message.thread;
      return this.#events.ready(this, message);
    }
    const job = this.#jobs.find((candidate) => candidate.id === message.job);
    if (!job) return;
    if (message.kind === "held") {
      this.#held.add(job);
      return this.#events.held(this, job);
    }
    this.#held.delete(job);
    this.#jobs = this.#jobs.filter((other) => other !== job);
    this.#stuck = false;
    if (message.kind === "done") this.#events.done(this, job, message);
    else this.#events.failed(this, job, message);
  }

  #busyMs(): number {
    return this.#worker?.performance.eventLoopUtilization().active ?? 0;
  }

  #gone(error: Error): void {
    const running = this.#running();
    const record = Atomics.load(this.#progress, RECORD);
    const jobs = this.#jobs;
    this.#busyMsBefore += this.#busyMs();
    this.#worker = undefined;
    this.#ready = false;
    this.#stuck = false;
    this.#jobs = [];
    this.#held.clear();
    this.#events.lost(this, { jobs, running, record, error });
  }

  #running(): Job | undefined {
    const id = Atomics.load(this.#progress, JOB);
    return this.#jobs.find((job) => job.id === id);
  }
}

function newProgress(): Int32Array {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  progress[RECORD] = -1;
  progress[JOB] = IDLE;
  return progress;
}

function workerError(cause: unknown): SluiceError {
  const { message } = cause as { message?: unknown };
  const text = typeof message === "string" ? message : String(cause);
  return new SluiceError("SLUICE_WORKER", `a worker thread ended: ${text}`, {
    hint: "its batches are run again; if this repeats, give it more memory or report it",
    cause,
  });
}
