import { setImmediate } from "node:timers/promises";
import {
  errorText,
  type Logger,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  type ProgramSpec,
} from "@sluice/core";
import { GuardedProgram } from "./guarded-program.ts";
import { Job } from "./job.ts";
import { RECORD } from "./protocol.ts";
import type { ProgramRunner } from "./runner.ts";

/** Runs the program in this thread (`--workers 0`), with a timeout for records that hang. */
export async function inlineRunner(
  spec: ProgramSpec,
  compile: (spec: ProgramSpec) => Promise<Program>,
  log: Logger,
): Promise<ProgramRunner> {
  const progress = new Int32Array(2);
  const guarded = new GuardedProgram(await compile(spec), () => compile(spec), progress);
  let timeouts = 0;
  let open = 0;
  let busyMs = 0;
  let last: Promise<unknown> = Promise.resolve();

  const work = async (input: ProgramInput): Promise<ProgramOutput> => {
    // Lets I/O have its turn between batches.
    await setImmediate();
    const job = new Job(
      0,
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

  return {
    limit: 1,
    run(input) {
      open++;
      const result = last.then(() => work(input)).finally(() => open--);
      last = result.catch(() => undefined);
      return result;
    },
    snapshot: () => ({ workers: 0, ready: 0, restarts: 0, timeouts, open, busySeconds: busyMs / 1000 }),
    close: () => Promise.resolve(),
  };
}
