import { setTimeout as sleep } from "node:timers/promises";
import { orStopped } from "@sluice/core";
import type { GuardedProcess } from "./guarded-process.ts";

/**
 * Settles like the work over a process. At the stop the process ends.
 * @param lastWords milliseconds after the stop in which the work may still take what the process says
 */
export async function untilStopped(
  child: GuardedProcess,
  work: Promise<unknown>,
  stop: AbortSignal,
  lastWords: number,
): Promise<void> {
  const end = () => child.end();
  if (stop.aborted) end();
  stop.addEventListener("abort", end, { once: true });
  try {
    await orStopped(work, stop);
    if (!stop.aborted) return;
    const late = new AbortController();
    const timer = sleep(lastWords, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([work, timer]);
    late.abort();
  } finally {
    stop.removeEventListener("abort", end);
    child.kill();
  }
}
