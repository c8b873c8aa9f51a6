import { bitOf, chooseFragments } from "./fragments.ts";
import { foldedBytes, tripleProduct } from "./hash.ts";
import {
  BLOCK_BYTES,
  ENTRIES,
  ENTRY,
  FILTER,
  FILTER_ENTRY,
  HASH_BITS,
  HEADS,
  LATE_HEADS,
  MAX_LITERAL_LENGTH,
} from "./layout.ts";

/** Lower case is upper case with this bit. */
const CASE = 0x20;

/** Bytes that the tables of some literals take up. */
export function tablesLength(literals: readonly string[]): number {
  return textsAt(literals) + literals.reduce((sum, text) => sum + blocksOf(text), 0) * BLOCK_BYTES;
}

/**
 * Writes the tables by which literals are found, from address 0 of a new memory. They are made where they are used, so
 * that pages of the filter that no literal needs are never touched.
 */
export function writeTables(literals: readonly string[], memory: ArrayBuffer): void {
  const wrong = literals.find((text) => !isLiteral(text));
  if (wrong !== undefined) {
    throw new Error(`a literal must have 3 to ${MAX_LITERAL_LENGTH} ASCII characters: ${JSON.stringify(wrong)}`);
  }
  const folded = literals.map((text) => text.toLowerCase());
  const image = new DataView(memory);
  const filter = new Int32Array(memory, FILTER, (HEADS - FILTER) / 4);
  const bytes = new Uint8Array(memory);
  const addresses: number[] = [];
  let address = textsAt(literals);
  for (const text of folded) {
    addresses.push(address);
    address = writeText(bytes, address, text);
  }
  // As a callback, since V8 optimizes a long loop while it runs, which takes longer than this one.
  chooseFragments(folded).forEach(({ literal, back }, index) => {
    const text = folded[literal] as string;
    passFilter(filter, text, back);
    const address = addresses[literal] as number;
    addEntry(image, { number: index + 1, literal, back, text, address, blocks: blocksOf(text) });
  });
}

/** Where the literals' texts begin: behind two entries for each, and number 0. */
function textsAt({ length }: readonly string[]): number {
  return ENTRIES + (2 * length + 1) * ENTRY.size;
}

function blocksOf(text: string): number {
  return Math.ceil(text.length / 16);
}

/** Whether a finder can look for a text: 3 to 4096 ASCII characters. */
export function isLiteral(text: string): boolean {
  return /^[\x01-\x7f]+$/.test(text) && text.length >= 3 && text.length <= MAX_LITERAL_LENGTH;
}

/** Writes the blocks of a text. Bytes behind its end are equal whatever the input holds. */
function writeText(image: Uint8Array, address: number, text: string): number {
  const end = address + blocksOf(text) * BLOCK_BYTES;
  image.fill(0xff, address, end);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const at = address + (i >> 4) * BLOCK_BYTES + (i & 15);
    image[at] = caseBit(code);
    image[at + 16] = code;
  }
  return end;
}

/** Lets the four bytes at a place pass: what is not the literal's may be anything. */
function passFilter(filter: Int32Array, text: string, back: number): void {
  const [behind, before] = [bitOf(text, back + 3), bitOf(text, back)];
  const [first, second] = [text.charCodeAt(back + 1), text.charCodeAt(back + 2)];
  for (let i = caseBit(first); i >= 0; i -= CASE) {
    for (let j = caseBit(second); j >= 0; j -= CASE) {
      const entry = ((first - i) | ((second - j) << 8)) * (FILTER_ENTRY / 4);
      filter[entry] = (filter[entry] as number) | behind;
      filter[entry + 1] = (filter[entry + 1] as number) | before;
    }
  }
}

/** By how much the other case of a character in lower case is less; 0 where it has none. */
function caseBit(code: number): number {
  return code >= 0x61 && code <= 0x7a ? CASE : 0;
}

interface Entry {
  readonly number: number;
  readonly literal: number;
  readonly back: number;
  readonly text: string;
  readonly address: number;
  readonly blocks: number;
}

function addEntry(image: DataView, { number, literal, back, text, address, blocks }: Entry): void {
  const start = Math.max(0, back);
  const group = foldedBytes(text.slice(start, start + 3));
  const head = (back < 0 ? LATE_HEADS : HEADS) + 2 * (tripleProduct(group) >>> (32 - HASH_BITS));
  const at = ENTRIES + number * ENTRY.size;
  image.setInt32(at + ENTRY.group, group, true);
  image.setUint16(at + ENTRY.next, image.getUint16(head, true), true);
  image.setInt16(at + ENTRY.back, back, true);
  image.setInt32(at + ENTRY.text, address, true);
  image.setUint16(at + ENTRY.literal, literal, true);
  image.setUint16(at + ENTRY.blocks, blocks, true);
  image.setUint16(head, number, true);
}
