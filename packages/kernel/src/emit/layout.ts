// Where things lie in the memory of a kernel. Everything up to `STATIC` has a fixed place; the rest follows the size
// of the pattern's constant bytes.

/** i64: position of a line minus its address. */
export const POSITION_DELTA = 0;
/** i32: bytes of a frame besides what comes from the line itself. */
export const FIXED_BYTES = 8;
/** i32 each, written when `run` returns: next input address, next output address, next end entry, record bytes. */
export const RESULT = 16;

/** i32: address of the entry for the line at hand, in kernels for lines with times of their own. */
export const STAMP_AT = 32;

const SLOTS = 64;
/** Capturing groups that a plan may have. */
export const MAX_GROUPS = 100;
/** Bytes 0 to 31, for shifting vectors. */
export const RAMP = 1024;
/** Time of reading, as an entry of the time cache. */
export const NOW_ENTRY = 1088;
export const TIME_CACHE = 1280;
/** i32: where in a time text the seconds were last seen. */
export const SECONDS_AT = 12;
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

/**
 * An entry of the time cache: a text, and what becomes of it in a frame. If `secondsAt` is not -1, the entry stands for
 * all texts that differ only in the two digits there and in `fractionDigits` digits behind them.
 */
export const TIME_ENTRY = {
  size: 192,
  /** i32; 0 in an empty entry. */
  textLength: 0,
  /** i32: bytes of `json`. */
  jsonLength: 4,
  /** i64: a bit for each byte of the text that is not compared. */
  ignored: 8,
  /** i64: seconds since the epoch, of second 0 of the minute if `secondsAt` is not -1. */
  base: 16,
  /** i32: offset in the text. */
  secondsAt: 24,
  /** i32: 0, 3, 6 or 9; they begin 3 bytes behind `secondsAt`. */
  fractionDigits: 28,
  /** Decimal point and milliseconds, used without `fractionDigits`. */
  millis: 32,
  /** RFC 3339, 32 bytes. */
  json: 48,
  maxJson: 32,
  text: 96,
  maxText: 64,
} as const;

/** What is known of a line besides its bytes. */
export const STAMP_ENTRY = {
  size: 48,
  /** RFC 3339 in UTC with nine decimals. */
  text: 0,
  /** Where its point and three more bytes lie. */
  millis: 19,
  /** i64: seconds since the epoch. */
  seconds: 32,
  /** i64. */
  position: 40,
} as const;
/** Lines with times of their own that a window may have. */
export const MAX_STAMPS = 8192;

/** Address of the start of group `index`; its end is 4 bytes further. Both are 0 while it takes no part. */
export function slot(index: number): number {
  return SLOTS + index * 8;
}

/** Addresses behind the constant bytes. */
export interface Regions {
  readonly stream: number;
  readonly ends: number;
  readonly input: number;
  /** Entries of lines with times of their own. */
  readonly stamps: number;
  readonly output: number;
  readonly total: number;
}

export function regions(staticBytes: number): Regions {
  const stream = align(STATIC + staticBytes + PAD);
  const ends = align(stream + STREAM_BYTES + PAD);
  const input = align(ends + MAX_FRAMES * 4 + PAD);
  const stamps = align(input + WINDOW + PAD);
  const output = align(stamps + MAX_STAMPS * STAMP_ENTRY.size + PAD);
  return { stream, ends, input, stamps, output, total: output + OUTPUT_BYTES + PAD };
}

function align(address: number): number {
  return Math.ceil(address / 64) * 64;
}
