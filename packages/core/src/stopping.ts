import { LONGEST_TIMER_MS } from "./units.ts";

/**
 * Settles like the work, or resolves with undefined when the signal aborts first: for waits that must not outlast a stop,
 * like `emit`. Leaves nothing behind at the signal.
 */
export async function orStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  if (stop.aborted) {
    work.catch(() => {});
    return undefined;
  }
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const end = () => resolve(undefined);
  stop.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    stop.removeEventListener("abort", end);
    work.catch(() => {});
  }
}

/** Waits so many milliseconds, also more than a timer takes, or until the stop when that comes first. */
export async function pauseOrStop(ms: number, stop: AbortSignal): Promise<void> {
  for (let left = ms; left > 0 && !stop.aborted; left -= LONGEST_TIMER_MS) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(left, LONGEST_TIMER_MS));
    await orStopped(promise, stop);
    clearTimeout(timer);
  }
}
