import type { BatchOrigin, SourceBatch } from "@sluice/core";

/** Where the frames of a source's batch come from, as a streaming sink sees it. */
export function originOf(source: string, batch: SourceBatch, now: number): BatchOrigin {
  const { streamKey, stream, position, claims } = batch;
  const [from, to] = rangeOf(batch);
  const further = { ...(position !== undefined && { resume: position }), ...(claims && { claims }) };
  return { source, streamKey, streamId: stream.id, from, to, now, ...further };
}

/** Position of the first record, and one behind the last; the second is NaN when there is no record. */
export function rangeOf({ data, framing }: SourceBatch): [from: number, to: number] {
  if (framing.kind === "lines") return [framing.base, data.length === 0 ? Number.NaN : framing.base + data.length];
  const { positions } = framing;
  return positions.length === 0 ? [Number.NaN, Number.NaN] : [positions[0] as number, (positions.at(-1) as number) + 1];
}
