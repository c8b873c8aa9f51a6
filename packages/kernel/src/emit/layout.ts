// Where things lie in the memory of a kernel. Everything up to `STATIC` has a fixed place; the rest follows the size
// of the pattern's constant bytes.

/** i64: position of a line minus its address. */
export const POSITION_DELTA = 0;
/** i32: bytes of a frame besides what comes from the line itself. */
export const FIXED_BYTES = 8;
/** i32 each, written when `run` returns: next input address, next output address, next end entry, record bytes. */
export const RESULT = 16;

const SLOTS = 64;
/** Capturing groups that a plan may have. */
export const MAX_GROUPS = 100;
/** Bytes 0 to 31, for shifting vectors. */
export const RAMP = 1024;
/** Time of reading, as an entry of the time cache. */
export const NOW_ENTRY = 1088;
export const TIME_CACHE = 1280;
export const TIME_ENTRIES = 64;
/** Constant bytes of the frames. */
export const STATIC = 16_384;

/** Input is handed over in windows of whole lines. */
export const WINDOW = 1 << 20;
/** Frames are taken out when this is full. */
export const OUTPUT_BYTES = 8 << 20;
export const MAX_FRAMES = 65_536;
/** Bytes that differ from stream to stream. */
export const STREAM_BYTES = 1 << 18;
/** Vectors are read and written past the end of what is meant. */
const PAD = 64;

/** An entry of the time cache: the text, and what becomes of it in a frame. */
export const TIME_ENTRY = {
  size: 192,
  textLength: 0,
  epochLength: 4,
  jsonLength: 8,
  text: 16,
  maxText: 64,
  epoch: 80,
  json: 112,
  /** Room of each of the two. */
  maxRendered: 32,
} as const;

/** Address of the start of group `index`; its end is 4 bytes further. Both are 0 while it takes no part. */
export function slot(index: number): number {
  return SLOTS + index * 8;
}

/** Addresses behind the constant bytes. */
export interface Regions {
  readonly stream: number;
  readonly ends: number;
  readonly input: number;
  readonly output: number;
  readonly total: number;
}

export function regions(staticBytes: number): Regions {
  const stream = align(STATIC + staticBytes + PAD);
  const ends = align(stream + STREAM_BYTES + PAD);
  const input = align(ends + MAX_FRAMES * 4 + PAD);
  const output = align(input + WINDOW + PAD);
  return { stream, ends, input, output, total: output + OUTPUT_BYTES + PAD };
}

function align(address: number): number {
  return Math.ceil(address / 64) * 64;
}
