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
