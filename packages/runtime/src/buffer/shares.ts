import type { ProgramOutput, SinkSpec } from "@sluice/core";

/** What sinks with a disk buffer were to get of a batch that cannot be read again. */
export interface Shares {
  /** Events of the batch, as far as these sinks were to get them. */
  readonly kept: number;
  readonly sinks: Readonly<Record<string, number>>;
}

/** A batch on its way into a buffer. */
export interface BufferedBatch {
  /** Its parts in all buffers of a pipeline have the same number. */
  readonly batch: number;
  /** Undefined when it can be read again, or comes again: then nobody has to know after a kill who lacks it. */
  readonly shares?: Shares | undefined;
}

/** Undefined where it goes to one buffer at most. */
export function sharesOf(
  outputs: ProgramOutput["outputs"],
  specs: readonly SinkSpec[],
  kept: number,
): Shares | undefined {
  const sinks: Record<string, number> = {};
  for (const [index, { name, buffer }] of specs.entries()) {
    const events = outputs[index]?.ends.length ?? 0;
    if (buffer.type === "disk" && events > 0) sinks[name] = events;
  }
  const parts = Object.values(sinks);
  if (parts.length < 2) return undefined;
  // What other sinks have got is known to nobody after a kill.
  const isAll = specs.every(({ buffer }) => buffer.type === "disk");
  return { kept: isAll ? kept : Math.max(...parts), sinks };
}
