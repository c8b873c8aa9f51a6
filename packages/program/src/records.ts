import { Buffer, isAscii } from "node:buffer";
import { type Event, type RecordBatch, STAMP_BYTES, type Stamps } from "@sluice/core";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Receives one record: its index in the batch, its text, its position and the fields of its own. */
export type RecordVisitor = (index: number, text: string, position: number, extra: Event | undefined) => void;

/** Calls `visit` for each record of a batch, in order, and returns the number of record bytes without line ends. */
export function forEachRecord(batch: RecordBatch, visit: RecordVisitor): number {
  return batch.framing.kind === "records" ? forEachFramed(batch, visit) : forEachLine(batch, visit);
}

function forEachFramed(batch: RecordBatch, visit: RecordVisitor): number {
  if (batch.framing.kind !== "records") return 0;
  const { starts, ends, positions, extra, stamps } = batch.framing;
  const timeOf = stamps && stampReader(stamps);
  const bytes = asBuffer(batch.data);
  let total = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] as number;
    const end = ends[i] as number;
    total += end - start;
    const own = timeOf ? { "@timestamp": timeOf(i), ...extra?.[i] } : extra?.[i];
    visit(i, bytes.utf8Slice(start, end), positions[i] as number, own);
  }
  return total;
}

function forEachLine(batch: RecordBatch, visit: RecordVisitor): number {
  if (batch.framing.kind !== "lines") return 0;
  const { base } = batch.framing;
  const bytes = asBuffer(batch.data);
  // In ASCII a byte is a character: the batch is decoded once and its lines are slices of that text.
  const text = isAscii(bytes) ? bytes.latin1Slice(0, bytes.length) : null;
  let total = 0;
  let index = 0;
  for (let start = 0; start < bytes.length; index++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const stop = newline === -1 ? bytes.length : newline;
    const end = stop > start && newline !== -1 && bytes[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
    total += end - start;
    visit(index, text === null ? bytes.utf8Slice(start, end) : text.slice(start, end), base + start, undefined);
    start = stop + 1;
  }
  return total;
}

/** Gives the `@timestamp` of a record by its index. */
function stampReader({ texts }: Stamps): (index: number) => string {
  const bytes = asBuffer(texts);
  return (index) => bytes.latin1Slice(index * STAMP_BYTES, (index + 1) * STAMP_BYTES);
}

/** What a batch says of the line that starts at `start`: its position, and fields of its own. */
export function aboutLine({ framing }: RecordBatch, start: number): { position: number; extra: Event | undefined } {
  if (framing.kind === "lines") return { position: framing.base + start, extra: undefined };
  const index = indexOf(framing.starts, start);
  const own = framing.extra?.[index];
  const extra = framing.stamps ? { "@timestamp": stampReader(framing.stamps)(index), ...own } : own;
  return { position: framing.positions[index] as number, extra };
}

/** Index of a number in an ascending list that holds it. */
function indexOf(list: Uint32Array, number: number): number {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The text and byte range of one line of a batch. */
export interface LineAt {
  readonly text: string;
  readonly bytes: number;
  /** Where the next line starts. */
  readonly next: number;
}

/** Reads the line that starts at `start`. */
export function lineAt(data: Uint8Array<ArrayBuffer>, start: number): LineAt {
  const bytes = asBuffer(data);
  const newline = bytes.indexOf(NEWLINE, start);
  const stop = newline === -1 ? bytes.length : newline;
  const end = stop > start && newline !== -1 && bytes[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
  return { text: bytes.utf8Slice(start, end), bytes: end - start, next: stop + 1 };
}

// `utf8Slice` and `latin1Slice` are what `toString` calls; they skip its argument checks, which count here.
interface SlicingBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

function asBuffer(data: Uint8Array<ArrayBuffer>): SlicingBuffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength) as SlicingBuffer;
}
