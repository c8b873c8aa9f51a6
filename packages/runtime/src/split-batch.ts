import type { Event, Framing, SourceBatch, Value } from "@sluice/core";

const NEWLINE = 10;

/**
 * Cuts a batch before its first record at or behind `at`. The first half reaches the position `resume`; without one it
 * does not move its stream's position. Null when all records are on one side.
 */
export function splitBatch(
  batch: SourceBatch,
  at: number,
  resume: Value | undefined,
): readonly [SourceBatch, SourceBatch] | null {
  const halves = batch.framing.kind === "lines" ? splitLines(batch, at) : splitRecords(batch, batch.framing, at);
  if (!halves) return null;
  const { stream, streamKey } = batch;
  const position = resume === undefined ? {} : { position: resume };
  return [
    { stream, streamKey, ...position, ...halves[0] },
    { ...batch, ...halves[1] },
  ];
}

type Records = Pick<SourceBatch, "data" | "framing">;

function splitLines({ data, framing }: SourceBatch, at: number): [Records, Records] | null {
  const base = (framing as { base: number }).base;
  if (at <= base) return null;
  // `at` may lie within a line when another framing, which knows only where its last record began, has told it.
  const end = data.indexOf(NEWLINE, at - base - 1) + 1;
  if (end === 0 || end >= data.length) return null;
  return [
    { data: data.slice(0, end), framing },
    { data: data.slice(end), framing: { kind: "lines", base: base + end } },
  ];
}

type RecordFraming = Extract<Framing, { readonly kind: "records" }>;

function splitRecords({ data }: SourceBatch, framing: RecordFraming, at: number): [Records, Records] | null {
  const cut = framing.positions.findIndex((position) => position >= at);
  if (cut <= 0) return null;
  return [
    { data: data.slice(), framing: records(framing, 0, cut) },
    { data, framing: records(framing, cut, framing.positions.length) },
  ];
}

function records({ starts, ends, positions, extra }: RecordFraming, from: number, to: number): RecordFraming {
  const part = { starts: starts.slice(from, to), ends: ends.slice(from, to), positions: positions.slice(from, to) };
  if (!extra) return { kind: "records", ...part };
  const own: { [index: number]: Event } = {};
  for (const [index, fields] of Object.entries(extra)) {
    if (Number(index) >= from && Number(index) < to) own[Number(index) - from] = fields;
  }
  return { kind: "records", ...part, extra: own };
}
