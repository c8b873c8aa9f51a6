import { type AnySink, errorText, SluiceError, type Source } from "@sluice/core";
import type { Position, Problems } from "./problem.ts";

/** A source or sink that can be tried. */
export interface Connectable {
  readonly label: string;
  readonly at: Position;
  readonly target: Source | AnySink;
}

/** Told of each that was reached; `tried` is false where there is nothing to try, e.g. for stdout. */
export type OnConnected = (label: string, tried: boolean) => void;

/** Tries all at once until the signal aborts, and reports those that cannot be reached. */
export async function connectTo(
  all: readonly Connectable[],
  signal: AbortSignal,
  problems: Problems,
  onConnected: OnConnected,
): Promise<void> {
  const reached = await Promise.all(all.map((one) => connectOne(one, signal, problems)));
  for (const [i, { label, target }] of all.entries()) if (reached[i]) onConnected(label, target.check !== undefined);
}

async function connectOne(
  { label, at, target }: Connectable,
  signal: AbortSignal,
  problems: Problems,
): Promise<boolean> {
  try {
    await Promise.race([target.check?.(signal), aborted(signal)]);
    return true;
  } catch (error) {
    if (signal.aborted) problems.error(at, `${label}: no answer in the time given`, "is its far end running?");
    else problems.error(at, `${label}: ${errorText(error)}`, error instanceof SluiceError ? error.hint : undefined);
    return false;
  } finally {
    // What a check may have opened is the sink's own to release; that this fails says nothing about the pipeline.
    if ("close" in target) await target.close?.().catch(() => {});
  }
}

/** Rejects when the signal aborts; otherwise waits without keeping anything alive. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new Error("aborted"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
