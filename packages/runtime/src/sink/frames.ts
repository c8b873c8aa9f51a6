import type { EncodedBatch } from "@sluice/core";
import { free } from "../memory.ts";

/** Where frame `index` starts. */
export function frameStart(batch: EncodedBatch, index: number): number {
  return index === 0 ? 0 : (batch.ends[index - 1] as number);
}

/** Frame `index` with its delimiter. */
export function frame(batch: EncodedBatch, index: number): Uint8Array {
  return batch.bytes.subarray(frameStart(batch, index), batch.ends[index]);
}

/** Frames `from` to `to` (exclusive) as a batch; the batch itself when these are all. */
export function cut(batch: EncodedBatch, from: number, to: number): EncodedBatch {
  if (from === 0 && to === batch.ends.length) return batch;
  const start = frameStart(batch, from);
  const ends = batch.ends.slice(from, to);
  for (let i = 0; i < ends.length; i++) ends[i] = (ends[i] as number) - start;
  return { bytes: batch.bytes.slice(start, frameStart(batch, to)), ends };
}

/** Batches back to back, taking over their memory; a single one is not copied. */
export function concat(batches: readonly EncodedBatch[]): EncodedBatch {
  if (batches.length === 1) return batches[0] as EncodedBatch;
  const bytes = new Uint8Array(batches.reduce((sum, batch) => sum + batch.bytes.length, 0));
  const ends = new Uint32Array(batches.reduce((sum, batch) => sum + batch.ends.length, 0));
  let offset = 0;
  let index = 0;
  for (const batch of batches) {
    bytes.set(batch.bytes, offset);
    const { length } = batch.bytes;
    free(batch.bytes.buffer);
    for (const end of batch.ends) ends[index++] = offset + end;
    offset += length;
  }
  return { bytes, ends };
}

/** Outputs of a program with a memory each: sinks settle at different times, and the first would free the other's. */
export function unshared(outputs: readonly (EncodedBatch | null)[]): readonly (EncodedBatch | null)[] {
  if (outputs.length < 2) return outputs;
  const seen = new Set<ArrayBuffer>();
  return outputs.map((batch) => {
    if (!batch || !seen.has(batch.bytes.buffer)) {
      if (batch) seen.add(batch.bytes.buffer);
      return batch;
    }
    return { bytes: batch.bytes.slice(), ends: batch.ends };
  });
}

/** How many frames from `from` on fit into `events` and `bytes`; at least one, however large. */
export function fitting(batch: EncodedBatch, from: number, events: number, bytes: number): number {
  const limit = frameStart(batch, from) + bytes;
  const most = Math.min(batch.ends.length, from + Math.max(1, events));
  if ((batch.ends[most - 1] as number) <= limit) return most - from;
  let to = from + 1;
  while (to < most && (batch.ends[to] as number) <= limit) to++;
  return to - from;
}
