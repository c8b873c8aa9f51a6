/** First and longest pause between attempts, in milliseconds. */
export interface BackoffOptions {
  readonly initial: number;
  readonly max: number;
}

/**
 * Pause before attempt `failures + 1`, in milliseconds: exponential with full jitter, so that many sluices that lost
 * the same peer do not come back at the same moment.
 */
export function backoffDelay(failures: number, options: BackoffOptions, random = Math.random): number {
  const ceiling = Math.min(options.max, options.initial * 2 ** Math.min(failures - 1, 40));
  return random() * ceiling;
}

/** Waits; an abort ends it early without an error. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}

/** Resolves with true when the signal aborts first, else with false once the promise has settled either way. */
export function abortedFirst(promise: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(true);
    const abort = () => resolve(true);
    signal.addEventListener("abort", abort, { once: true });
    const settled = () => {
      signal.removeEventListener("abort", abort);
      resolve(false);
    };
    promise.then(settled, settled);
  });
}
