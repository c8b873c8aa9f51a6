import type { ResourceLimits } from "node:worker_threads";
import {
  type Logger,
  type ProgramInput,
  type ProgramOutput,
  type ProgramSpec,
  SluiceError,
  type Spread,
  type Tick,
  type Watch,
} from "@sluice/core";
import { StepMirror } from "../state/step-mirror.ts";
import { HangWatch, type Work } from "./hang-watch.ts";
import { Job, type Mishap } from "./job.ts";
import { Ramp } from "./ramp.ts";
import type { ProgramRunner, WorkersSnapshot } from "./runner.ts";
import { type SlotEvents, WorkerSlot } from "./slot.ts";
import { SpareCopies } from "./spare-copies.ts";

export interface PoolOptions {
  readonly workers: number;
  /** Module that calls `serveProgram`. */
  readonly workerUrl: URL;
  readonly spec: ProgramSpec;
  readonly log: Logger;
  readonly resourceLimits: ResourceLimits | undefined;
  /** What the steps remember; kept up to date by the pool. */
  readonly memories?: StepMirror;
}

/** Batches at one worker: one at work, one waiting, so that it never idles between two. */
const DEPTH = 2;
/** Milliseconds for which all jobs run with a timeout after a record hung: where one is, there are often more. */
const WARY_MS = 60_000;
/** Threads that may die in a row without having finished a batch. */
const MAX_LOSSES = 12;

/** Runs the program in worker threads; replaces those that hang or die and runs their batches again. */
export class WorkerPool implements ProgramRunner {
  readonly limit: number;
  readonly #options: PoolOptions;
  readonly #slots: WorkerSlot[];
  readonly #copies: SpareCopies;
  readonly #watch: HangWatch;
  readonly #queue: Job[] = [];
  readonly #jobs = new Set<Job>();
  readonly #memories: StepMirror;
  readonly #ramp = new Ramp();
  #spread: Spread = "single";
  #ticks = false;
  #nextId = 0;
  #waryUntil = 0;
  #losses = 0;
  /** Jobs whose thread was ended by us, because of a hang. */
  readonly #hangs = new Set<number>();
  #restarts = 0;
  #timeouts = 0;
  #failure: Error | undefined;
  #started: { resolve: () => void; reject: (error: Error) => void } | undefined;

  private constructor(options: PoolOptions) {
    this.#options = options;
    this.limit = options.workers * DEPTH;
    this.#copies = new SpareCopies(this.limit);
    this.#memories = options.memories ?? new StepMirror();
    const events = this.#events();
    const slotOptions = { ...options, state: () => this.#memories.state };
    this.#slots = Array.from({ length: options.workers }, (_, index) => new WorkerSlot(index, slotOptions, events));
    this.#watch = new HangWatch(() => this.#slots.map((slot) => [slot.index, slot.work()] as const), {
      idle: () => this.#jobs.size === 0,
      slow: (index) => this.#relieve(this.#slots[index] as WorkerSlot),
      hung: (index, work) => this.#hung(this.#slots[index] as WorkerSlot, work),
    });
  }

  /** Resolves when a worker has compiled the program; rejects when it does not compile. */
  static async start(options: PoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      await new Promise<void>((resolve, reject) => {
        pool.#started = { resolve, reject };
        pool.#slots[0]?.start();
      });
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  get ticks(): boolean {
    return this.#ticks;
  }

  run(input: ProgramInput, streamKey: string, held?: () => void): Promise<ProgramOutput> {
    return this.#run(input, this.#pin(streamKey), held);
  }

  tick(why: Tick, now: number, watch?: Watch): Promise<ProgramOutput[]> {
    const places = this.#spread === "by-stream" ? this.#slots : this.#slots.slice(0, 1);
    return Promise.all(places.map(({ index }) => this.#run(tickInput(why, now, watch), index)));
  }

  #run(input: ProgramInput, pinned: number | undefined, held?: () => void): Promise<ProgramOutput> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const job = new Job(this.#id(), input, pinned, resolve, reject, held);
      this.#copies.put(job.id, input.data);
      this.#jobs.add(job);
      this.#queue.push(job);
      this.#dispatch();
      this.#watch.start();
    });
  }

  snapshot(): WorkersSnapshot {
    return {
      workers: this.#options.workers,
      ready: this.#slots.filter((slot) => slot.ready).length,
      restarts: this.#restarts,
      timeouts: this.#timeouts,
      open: this.#jobs.size,
      busySeconds: this.#slots.reduce((sum, slot) => sum + slot.busySeconds, 0),
    };
  }

  async close(): Promise<void> {
    this.#fail(new SluiceError("SLUICE_WORKER", "the workers were closed"));
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  /** Gives queued jobs to workers, each to the least busy that may do it; jobs of one worker keep their order. */
  #dispatch(): void {
    const later: Job[] = [];
    for (const job of this.#queue.splice(0)) {
      const slot = job.pinned === undefined ? this.#leastBusy() : this.#slots[job.pinned];
      if (!slot?.ready || slot.load >= DEPTH) {
        later.push(job);
        continue;
      }
      job.guarded ||= Date.now() < this.#waryUntil;
      slot.send(job, job.takeData() ?? this.#copies.view(job.id).slice());
    }
    this.#queue.push(...later);
    if (this.#ramp.wantsMore(later.length)) this.#startAnother();
  }

  /** Starts one more worker, where any may run any batch; the others are all there from the start. */
  #startAnother(): void {
    if (this.#spread !== "any" || this.#failure) return;
    if (this.#slots.every((slot) => slot.ready || !slot.started)) this.#slots.find((slot) => !slot.started)?.start();
  }

  #leastBusy(): WorkerSlot | undefined {
    let best: WorkerSlot | undefined;
    for (const slot of this.#slots) {
      if (slot.ready && !slot.stuck && (!best || slot.load < best.load)) best = slot;
    }
    return best;
  }

  #events(): SlotEvents {
    return {
      ready: (_, { spread, ticks }) => {
        this.#ticks = ticks;
        if (this.#started) this.#begin(spread);
        this.#dispatch();
      },
      done: (_, job, { output, timedOut }) => {
        this.#losses = 0;
        if (timedOut.length > 0) this.#noteTimeouts(timedOut.length);
        if (output.changes) this.#memories.apply(output.changes);
        this.#finish(job, () => job.resolve(output));
      },
      failed: (_, job, { failure, record }) => {
        this.#options.log.error({ record, error: failure.message }, "the program failed on a record");
        this.#again([job], job, "error", record, failure.message);
        this.#dispatch();
      },
      held: (_, job) => {
        job.held?.();
        this.#dispatch();
      },
      lost: (slot, { jobs, running, record, error }) => {
        if (this.#started) return this.#started.reject(error);
        if (this.#failure) return;
        this.#options.log.error({ code: "SLUICE_WORKER", error: error.message }, "a worker thread is replaced");
        this.#again(jobs, running, "crash", record, error.message);
        this.#replace(slot, error);
      },
    };
  }

  /** The first worker has told how far the program may be spread: the others start when they are to be used. */
  #begin(spread: Spread): void {
    this.#spread = spread;
    this.#started?.resolve();
    this.#started = undefined;
    if (spread === "by-stream") for (const slot of this.#slots.slice(1)) slot.start();
  }

  /** Takes the batches that wait behind a slow record to other workers, where the program allows that. */
  #relieve(slot: WorkerSlot): void {
    if (slot.stuck || this.#spread !== "any") return;
    this.#queue.unshift(...slot.withdraw());
    this.#dispatch();
    if (this.#queue.length > 0) this.#startAnother();
  }

  #hung(slot: WorkerSlot, { job: id, record }: Work): void {
    this.#noteTimeouts(1);
    const error = new SluiceError("SLUICE_WORKER", `a record took too long (record ${record} of its batch)`);
    for (const job of this.#jobs) if (job.id === id) job.guarded = true;
    this.#hangs.add(id);
    slot.kill(error);
  }

  #noteTimeouts(n: number): void {
    this.#timeouts += n;
    this.#waryUntil = Date.now() + WARY_MS;
  }

  /** Puts jobs that lost their worker first in the queue, in order. */
  #again(jobs: Job[], guilty: Job | undefined, mishap: Mishap, record: number, why: string): void {
    this.#queue.unshift(...jobs);
    if (!guilty) return;
    const kind = this.#hangs.delete(guilty.id) ? "hang" : mishap;
    const hopeless = guilty.afterMishap(kind, record, this.#copies.view(guilty.id), why);
    if (hopeless) this.#fail(hopeless);
  }

  #replace(slot: WorkerSlot, error: Error): void {
    if (++this.#losses > MAX_LOSSES) return this.#fail(error);
    this.#restarts++;
    slot.start();
    this.#dispatch();
  }

  #finish(job: Job, settle: () => void): void {
    this.#jobs.delete(job);
    this.#copies.release(job.id);
    settle();
    this.#dispatch();
  }

  /** Ends everything: nothing more will come out. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#watch.stop();
    this.#queue.length = 0;
    for (const job of this.#jobs) job.reject(this.#failure);
    this.#jobs.clear();
  }

  #pin(streamKey: string): number | undefined {
    if (this.#spread === "any") return undefined;
    return this.#spread === "single" ? 0 : hash(streamKey) % this.#slots.length;
  }

  /** Numbers fit into the shared Int32Array. */
  #id(): number {
    this.#nextId = (this.#nextId + 1) & 0x3fffffff;
    return this.#nextId;
  }
}

/** Instead of a batch. */
export function tickInput(why: Tick, now: number, watch: Watch | undefined): ProgramInput {
  const nothing = {
    stream: { id: "", fields: {} },
    data: new Uint8Array(0),
    framing: { kind: "lines", base: 0 },
  } as const;
  return { ...nothing, now, tick: why, watch };
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
