import { threadCpuMs } from "./thread-cpu.ts";

/** What a watched thread is doing. */
export interface Work {
  /** Number of the job. */
  readonly job: number;
  /** Record of the job; -1 before the first. */
  readonly record: number;
  /** The thread's id for {@link threadCpuMs}. */
  readonly thread: number;
  /** The thread has a timeout of its own; the watch is only its safety net. */
  readonly guarded: boolean;
}

const TICK_MS = 100;
/** CPU milliseconds that one record may take. */
const RECORD_MS = 300;
/** The same before the first record and for guarded jobs, which compile anew between attempts. */
const PATIENT_MS = 5000;

interface Mark {
  readonly work: Work;
  /** CPU time of the thread when it was first seen at this record. */
  readonly cpu: number | undefined;
}

/** Finds threads that spend too much CPU time on one record, looking ten times a second. */
export class HangWatch {
  readonly #look: () => Iterable<readonly [index: number, work: Work | undefined]>;
  readonly #hung: (index: number, work: Work) => void;
  readonly #marks = new Map<number, Mark>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param look What each thread does now; undefined for one that is idle.
   * @param hung Called for a thread that hangs.
   */
  constructor(
    look: () => Iterable<readonly [index: number, work: Work | undefined]>,
    hung: (index: number, work: Work) => void,
  ) {
    this.#look = look;
    this.#hung = hung;
  }

  /** Watches until all threads are idle. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#marks.clear();
  }

  #tick(): void {
    let busy = false;
    for (const [index, work] of this.#look()) {
      if (work) busy = true;
      if (work && this.#overdue(index, work)) {
        this.#marks.delete(index);
        this.#hung(index, work);
      } else if (!work) this.#marks.delete(index);
    }
    if (!busy) this.stop();
  }

  /** The CPU time is read only from the second look at a record on: most are gone by then. */
  #overdue(index: number, work: Work): boolean {
    const mark = this.#marks.get(index);
    if (mark?.work.job !== work.job || mark.work.record !== work.record) {
      this.#marks.set(index, { work, cpu: undefined });
      return false;
    }
    const cpu = threadCpuMs(work.thread);
    if (mark.cpu === undefined) {
      this.#marks.set(index, { work, cpu });
      return false;
    }
    return cpu - mark.cpu > (work.guarded || work.record < 0 ? PATIENT_MS : RECORD_MS);
  }
}
