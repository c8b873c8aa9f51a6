import { type Event, type Framing, type SourceBatch, STAMP_BYTES, type Stamps, type Value } from "@sluice/core";

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
  const { stream, streamKey, claims } = batch;
  const further = { ...(resume !== undefined && { position: resume }), ...(claims && { claims }) };
  return [
    { stream, streamKey, ...further, ...halves[0] },
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
  if (framing.stamps) return splitStamped(data, framing, framing.stamps, cut);
  return [
    { data: data.slice(), framing: records(framing, 0, cut) },
    { data, framing: records(framing, cut, framing.positions.length) },
  ];
}

/** Their records are all the lines that there are: each half has bytes of its own. */
function splitStamped(
  data: Uint8Array<ArrayBuffer>,
  framing: RecordFraming,
  stamps: Stamps,
  cut: number,
): [Records, Records] {
  const at = framing.starts[cut] as number;
  const [first, second] = [records(framing, 0, cut), records(framing, cut, framing.positions.length)];
  const moved = {
    ...second,
    starts: second.starts.map((start) => start - at),
    ends: second.ends.map((end) => end - at),
  };
  const part = (from: number, to?: number): Stamps => ({
    texts: stamps.texts.slice(from * STAMP_BYTES, to === undefined ? undefined : to * STAMP_BYTES),
    seconds: stamps.seconds.slice(from, to),
  });
  return [
    { data: data.slice(0, at), framing: { ...first, stamps: part(0, cut) } },
    { data: data.slice(at), framing: { ...moved, stamps: part(cut) } },
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
