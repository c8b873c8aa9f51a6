import type { EncodedBatch } from "@sluice/core";

/** The bytes of frame `index` of a batch, not copied. */
export function frameAt(batch: EncodedBatch, index: number): Uint8Array<ArrayBuffer> {
  return batch.bytes.subarray(index === 0 ? 0 : batch.ends[index - 1], batch.ends[index]);
}
