import { patienceFor } from "./patience.ts";
import { threadCpuMs } from "./thread-cpu.ts";

/** What a watched thread is doing. */
export interface Work {
  /** Number of the job. */
  readonly job: number;
  /** Record of the job; -1 before the first. */
  readonly record: number;
  /** Bytes of the job, as the most that the record can have. */
  readonly bytes: number;
  /** The thread's id for {@link threadCpuMs}. */
  readonly thread: number;
  /** The thread has a timeout of its own; the watch is only its safety net. */
  readonly guarded: boolean;
}

const TICK_MS = 50;
/** CPU milliseconds after which a record is so slow that other batches should not wait behind it. */
const SLOW_MS = 30;
/** CPU milliseconds that one record may take, and more for a long one. */
const RECORD_MS = 200;
/** The same before the first record and for guarded jobs, which compile anew between attempts. */
const PATIENT_MS = 5000;

interface Mark {
  readonly work: Work;
  /** CPU time of the thread when it was first seen at this record. */
  readonly cpu: number;
}

/** What the watch has found. */
export interface Findings {
  /** No thread will have work before the next `start`: one that has some may not have come to it yet. */
  idle(): boolean;
  /** The thread may hang: give it nothing more for now. */
  slow(index: number): void;
  /** The thread hangs. */
  hung(index: number, work: Work): void;
}

/** Finds threads that spend too much CPU time on one record, looking twenty times a second. */
export class HangWatch {
  readonly #look: () => Iterable<readonly [index: number, work: Work | undefined]>;
  readonly #findings: Findings;
  readonly #marks = new Map<number, Mark>();
  #timer: NodeJS.Timeout | undefined;

  /** @param look What each thread does now; undefined for one that is idle. */
  constructor(look: () => Iterable<readonly [index: number, work: Work | undefined]>, findings: Findings) {
    this.#look = look;
    this.#findings = findings;
  }

  /** Watches until there is no work left. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#marks.clear();
  }

  #tick(): void {
    for (const [index, work] of this.#look()) {
      if (work) this.#judge(index, work);
      else this.#marks.delete(index);
    }
    if (this.#findings.idle()) this.stop();
  }

  #judge(index: number, work: Work): void {
    const cpu = threadCpuMs(work.thread);
    const mark = this.#marks.get(index);
    if (mark?.work.job !== work.job || mark.work.record !== work.record) {
      this.#marks.set(index, { work, cpu });
      return;
    }
    const used = cpu - mark.cpu;
    if (work.record !== -1 && used >= SLOW_MS) this.#findings.slow(index);
    const limit = work.guarded || work.record === -1 ? PATIENT_MS : RECORD_MS + patienceFor(work.bytes);
    if (used < limit) return;
    this.#marks.delete(index);
    this.#findings.hung(index, work);
  }
}
