// Where things lie in the memory of a finder. What follows the literals' tables depends on their number.

/** i32: where a list ends when a function returns. */
export const RESULT = 0;
/**
 * For each pair of bytes that fragments have in their middle, a bit for each character that may follow (i32), and one
 * for each that may stand before (i32). Most of it is never touched.
 */
export const FILTER = 1024;
export const FILTER_ENTRY = 8;
const FILTER_BYTES = 65_536 * FILTER_ENTRY;
/** u16: first entry of each hash of three characters, for {@link ENTRIES} of which the first is known, and unknown. */
export const HEADS = FILTER + FILTER_BYTES;
export const LATE_HEADS = HEADS + 2 * 8192;
export const HASH_BITS = 13;
/** Entries from number 1; number 0 ends a chain. */
export const ENTRIES = LATE_HEADS + 2 * 8192;

/** An entry: three characters of a literal, by which it is found. */
export const ENTRY = {
  size: 16,
  /** i32: the characters as folded bytes. */
  group: 0,
  /** u16: number of the next entry with this hash. */
  next: 4,
  /** i16: bytes from the literal's start to the place that the scan has named. */
  back: 6,
  /** i32: address of the literal's text. */
  text: 8,
  /** u16: number of the literal. */
  literal: 12,
  /** u16: how many blocks of text there are. */
  blocks: 14,
} as const;

/** A block of text: 16 bytes to be joined to the input by `or`, and 16 that then must be equal. */
export const BLOCK_BYTES = 32;

/** Text is handed over in windows. */
export const WINDOW = 32_768;
/** A hit: i32 address of its start, i32 number of the literal. */
export const HIT_BYTES = 8;
export const MAX_HITS = 8192;
/** Zeros before and behind the text; longer than any literal and any read beyond an end. */
const PAD = 4608;
export const MAX_LITERAL_LENGTH = 4096;

/** A mark: i32, the address times 4 plus its kind. */
export const MARK = { escape: 0, digits: 1, run: 2, dots: 3 } as const;

export interface Regions {
  readonly input: number;
  readonly candidates: number;
  readonly hits: number;
  readonly marks: number;
  readonly total: number;
}

/** @param hitsAtOnce - how many hits one address may give */
export function regions(tablesEnd: number, hitsAtOnce: number): Regions {
  const input = Math.ceil((tablesEnd + PAD) / 64) * 64;
  const candidates = input + WINDOW + PAD;
  const hits = candidates + 2 * WINDOW + PAD;
  const marks = hits + (MAX_HITS + hitsAtOnce) * HIT_BYTES + PAD;
  return { input, candidates, hits, marks, total: marks + 8 * WINDOW + PAD };
}
