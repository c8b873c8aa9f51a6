import type { Program, ProgramInput, ProgramOutput } from "@sluice/core";
import { patienceFor } from "./patience.ts";
import { RECORD } from "./protocol.ts";
import { ownCpuMs } from "./thread-cpu.ts";
import { runWithTimeout } from "./timeout.ts";

export interface GuardedOutput {
  readonly output: ProgramOutput;
  /** Records that hung and were passed on unparsed. */
  readonly timedOut: readonly number[];
}

/** Milliseconds that a batch may take before it is looked into, unless batches have been slower than that before. */
const PATIENCE_MS = 100;
/** Milliseconds after which a batch is given up that hangs outside of its records. */
const HOPELESS_MS = 2000;

/**
 * Runs a program with a timeout: a record on which it hangs is found, and the batch is run again with that record
 * skipped. The program is compiled anew each time, since an ended one may be left in any state.
 *
 * One timeout can be a slow machine or a slow batch. A record is to blame when a second run, with twice the patience,
 * ends on the same one and was spent computing, not waiting for a core. In a batch that is known to hold such
 * records the first timeout is enough.
 */
export class GuardedProgram {
  readonly #compile: () => Promise<Program>;
  readonly #progress: Int32Array;
  #program: Program;
  /** The slowest of recent batches, in milliseconds of CPU. */
  #slowest = 0;

  constructor(program: Program, compile: () => Promise<Program>, progress: Int32Array) {
    this.#program = program;
    this.#compile = compile;
    this.#progress = progress;
  }

  get program(): Program {
    return this.#program;
  }

  /** Runs without a timeout, for whoever watches from another thread. */
  runUnguarded(input: ProgramInput): ProgramOutput {
    this.#progress[RECORD] = -1;
    return this.#program.run(input, this.#progress);
  }

  /** Compiles the program anew, after it threw or was ended. */
  async renew(): Promise<void> {
    this.#program = await this.#compile();
  }

  /** Throws what the program throws; `progress[RECORD]` then names the record. */
  async run(input: ProgramInput): Promise<GuardedOutput> {
    const timedOut: number[] = [];
    let suspect = -1;
    const usual = Math.max(PATIENCE_MS + patienceFor(input.data.length), 4 * this.#slowest);
    let patience = usual;
    let attempt = input;
    for (;;) {
      const skip = [...(input.skip ?? []), ...timedOut];
      const started = ownCpuMs();
      const result = runWithTimeout(() => this.runUnguarded({ ...attempt, skip }), patience);
      if (!result.timedOut) {
        this.#slowest = Math.max(ownCpuMs() - started, this.#slowest * 0.95);
        return { output: result.value, timedOut };
      }
      attempt = { ...input, watch: undefined };
      const busy = ownCpuMs() - started > usual / 2;
      const record = this.#progress[RECORD] as number;
      this.#progress[RECORD] = -1;
      await this.renew();
      const hopeless = record < 0 ? patience > HOPELESS_MS : skip.includes(record);
      if (busy && hopeless) throw new Error("the batch hangs, and not in a record that could be skipped");
      const guilty = busy && record >= 0 && (record === suspect || skip.length > 0);
      if (guilty) timedOut.push(record);
      else patience *= 2;
      suspect = guilty ? -1 : record;
    }
  }
}
