import { SluiceError } from "@sluice/core";

/**
 * What ended a pipeline. Undefined when it was given up and everything is settled: the rest is in disk buffers.
 * @param open batches that are not settled
 */
export function problemOf(error: unknown, gaveUp: boolean, open: number): SluiceError | undefined {
  if (error instanceof SluiceError) return error;
  if (!gaveUp) return new SluiceError("SLUICE_WORKER", `the pipeline broke: ${String(error)}`, { cause: error });
  if (open === 0) return undefined;
  return new SluiceError("SLUICE_DEADLINE", `the drain deadline passed with ${open} batches undelivered`, {
    hint: "they are read again at the next start, where their source can be read again",
  });
}
