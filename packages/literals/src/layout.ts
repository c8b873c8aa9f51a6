// Where things lie in the memory of a finder. What follows the literals' tables depends on their number.

/** i32: where a list ends when a function returns, or what else it has to tell. */
export const RESULT = 0;
/** What the code that looks around literals has to know of the text. */
export const AROUND = {
  /** i32: address of the gates, or 0 when every literal counts. */
  gates: 16,
  /** i32: addresses of the text. */
  start: 20,
  end: 24,
  /** i32: the byte that ends a line, and 1 when what comes to it counts, as it may go on behind it. */
  stop: 28,
  atStop: 32,
} as const;
/** u8 for each byte: the value of a hexadecimal digit, and what a letter behind a backslash stands for; 0xff: nothing. */
export const HEX_DIGITS = 256;
export const SIMPLE_ESCAPES = 512;
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
export const MARK = { digits: 1, run: 2, dots: 3 } as const;

/** The automata of a literal, by which way they look. Each: i32 addresses of its table and classes, i32 first state. */
export const WALK = { size: 12, table: 0, classes: 4, state: 8 } as const;
export const GATE = {
  size: 48,
  /** i32: bytes of the literal, or 0 when it counts whatever stands around it. */
  length: 0,
  /** i32: bytes before the literal's end from which on the third may begin. */
  reach: 4,
  ahead: 8,
  back: 8 + WALK.size,
  near: 8 + 2 * WALK.size,
} as const;
/** States that are none: not known yet, leads nowhere, has arrived. */
export const STATE = { unknown: 0, dead: 1, arrived: 2 } as const;
/** Tables and classes of all automata together. */
const AUTOMATA_BYTES = 1_048_576;

export interface Regions {
  readonly input: number;
  /** Decoded text, and text decoded from that. */
  readonly decoded: readonly [number, number];
  readonly candidates: number;
  readonly hits: number;
  readonly marks: number;
  readonly gates: number;
  readonly automata: number;
  readonly total: number;
}

/** @param tablesEnd - where the tables of so many literals end */
export function regions(tablesEnd: number, literals: number): Regions {
  const input = Math.ceil((tablesEnd + PAD) / 64) * 64;
  const text = WINDOW + PAD;
  const candidates = input + 3 * text;
  const hits = candidates + 2 * WINDOW + PAD;
  // One address may give two hits for each literal.
  const marks = hits + (MAX_HITS + 2 * literals) * HIT_BYTES + PAD;
  const gates = marks + 8 * WINDOW + PAD;
  const automata = Math.ceil((gates + literals * GATE.size) / 64) * 64;
  const decoded = [input + text, input + 2 * text] as const;
  return { input, decoded, candidates, hits, marks, gates, automata, total: automata + AUTOMATA_BYTES };
}
