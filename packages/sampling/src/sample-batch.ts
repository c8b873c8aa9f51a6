import { Buffer } from "node:buffer";
import { type Event, frameTexts, type SourceBatch, type Value } from "@sluice/core";
import type { Observation } from "./observation.ts";

/** Key under which alerts are remembered. */
export const STREAM_KEY = "samples";
const MOST_IN_BATCH = 500;

/** Batches of observations; the last one carries what is to be remembered once all are settled. */
export function batchesOf(
  observations: readonly Observation[],
  { streamId, first, time, position }: { streamId: string; first: number; time: string; position: Value },
): SourceBatch[] {
  const batches: SourceBatch[] = [];
  for (let i = 0; i < observations.length; i += MOST_IN_BATCH) {
    const part = observations.slice(i, i + MOST_IN_BATCH);
    const isLast = i + MOST_IN_BATCH >= observations.length;
    batches.push({ ...recordsOf(part, streamId, first + i, time), ...(isLast && { position }) });
  }
  return batches;
}

function recordsOf(observations: readonly Observation[], id: string, first: number, time: string): SourceBatch {
  const texts = observations.map(({ text }) => Buffer.from(text));
  const { data, starts, ends } = frameTexts(texts);
  const extra: Event[] = observations.map(({ fields }) => ({ "@timestamp": time, ...fields }));
  return {
    data,
    framing: { kind: "records", starts, ends, positions: Float64Array.from(texts, (_, i) => first + i), extra },
    stream: { id, fields: {} },
    streamKey: STREAM_KEY,
  };
}
