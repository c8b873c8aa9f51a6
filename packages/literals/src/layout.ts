// Where things lie in the memory of a finder. What follows the literals' tables depends on their number.

/** i32: where a list ends when a function returns. */
export const RESULT = 0;
/** A bit for each hash of a group of three characters that has to be looked at. */
export const BITMAP = 1024;
const BITMAP_BYTES = 32_768;
/** u16: first entry of each hash of three characters, and of each hash of two. 0: none. */
export const TRIPLE_HEADS = BITMAP + BITMAP_BYTES;
export const TRIPLE_HASH_BITS = 13;
export const PAIR_HEADS = TRIPLE_HEADS + 2 * 2 ** TRIPLE_HASH_BITS;
export const PAIR_HASH_BITS = 10;
/** Entries from number 1; number 0 ends a chain. */
export const ENTRIES = PAIR_HEADS + 2 * 2 ** PAIR_HASH_BITS;

/** An entry: a group of characters, folded, that stands `back` bytes behind the start of a literal. */
export const ENTRY = {
  size: 16,
  /** i32: the group as bytes in little-endian order. */
  group: 0,
  /** u16: number of the next entry with this hash. */
  next: 4,
  /** u16: bytes from the literal's start to the group. */
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
export const PAD = 512;
export const MAX_LITERAL_LENGTH = 256;

/** A mark: i32, the address times 4 plus its kind. */
export const MARK = { escape: 0, digits: 1, run: 2 } as const;

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
