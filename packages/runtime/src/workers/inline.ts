import { setImmediate } from "node:timers/promises";
import {
  errorText,
  type Logger,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  type ProgramSpec,
} from "@sluice/core";
import type { StepMirror } from "../state/step-mirror.ts";
import { GuardedProgram } from "./guarded-program.ts";
import { Job } from "./job.ts";
import { tickInput } from "./pool.ts";
import { RECORD } from "./protocol.ts";
import type { ProgramRunner } from "./runner.ts";

/** Runs the program in this thread (`--workers 0`), with a timeout for records that hang. */
export async function inlineRunner(
  spec: ProgramSpec,
  compile: (spec: ProgramSpec) => Promise<Program>,
  log: Logger,
  memories: StepMirror,
): Promise<ProgramRunner> {
  const progress = new Int32Array(2);
  const program = await compile(spec);
  program.memory?.restore(memories.state);
  const guarded = new GuardedProgram(program, () => compile(spec), progress);
  const waiting = new Map<number, (output: ProgramOutput) => void>();
  let nextId = 0;
  let timeouts = 0;
  let open = 0;
  let busyMs = 0;
  let last: Promise<unknown> = Promise.resolve();

  const work = async (id: number, input: ProgramInput): Promise<ProgramOutput> => {
    // Lets I/O have its turn between batches.
    await setImmediate();
    const job = new Job(
      id,
      input,
      undefined,
      () => undefined,
      () => undefined,
    );
    for (;;) {
      const began = performance.now();
      try {
        const { output, timedOut } = await guarded.run(job.input(input.data));
        if (timedOut.length > 0) log.warn({ stream: input.stream.id, records: timedOut }, "records took too long");
        timeouts += timedOut.length;
        return output;
      } catch (error) {
        const record = progress[RECORD] as number;
        log.error({ stream: input.stream.id, record, error: errorText(error) }, "the program failed on a record");
        const hopeless = job.afterMishap("error", record, input.data, errorText(error));
        if (hopeless) throw hopeless;
        await guarded.renew();
      } finally {
        busyMs += performance.now() - began;
      }
    }
  };

  const settle = (id: number, { earlier = [], held: isHeld, ...own }: ProgramOutput, held?: () => void) => {
    for (const { batch, output } of earlier) resolveBatch(batch, output);
    if (isHeld) held?.();
    else resolveBatch(id, own);
  };
  const resolveBatch = (id: number, output: ProgramOutput) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve?.(output);
  };
  const run = (input: ProgramInput, held?: () => void) => {
    const id = nextId++;
    open++;
    const result = new Promise<ProgramOutput>((resolve, reject) => {
      waiting.set(id, resolve);
      last = last.then(() => work(id, input)).then((output) => settle(id, output, held), reject);
    });
    return result.finally(() => open--);
  };
  return {
    limit: 1,
    ticks: program.memory !== undefined,
    run: (input, _, held) => run(input, held),
    tick: async (why, now, watch) => [await run(tickInput(why, now, watch))],
    snapshot: () => ({ workers: 0, ready: 0, restarts: 0, timeouts, open, busySeconds: busyMs / 1000 }),
    close: () => Promise.resolve(),
  };
}
