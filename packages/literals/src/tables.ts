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

/** The memory image by which literals are found, from address 0. */
export function buildTables(literals: readonly string[]): Uint8Array {
  const wrong = literals.find((text) => !isLiteral(text));
  if (wrong !== undefined) {
    throw new Error(`a literal must have 3 to ${MAX_LITERAL_LENGTH} ASCII characters: ${JSON.stringify(wrong)}`);
  }
  const folded = literals.map((text) => text.toLowerCase());
  const fragments = chooseFragments(folded);
  const texts = ENTRIES + (fragments.length + 1) * ENTRY.size;
  const blocks = folded.map((text) => Math.ceil(text.length / 16));
  const image = new DataView(new ArrayBuffer(texts + blocks.reduce((sum, count) => sum + count, 0) * BLOCK_BYTES));
  const bytes = new Uint8Array(image.buffer);
  const addresses: number[] = [];
  let address = texts;
  for (const text of folded) {
    addresses.push(address);
    address = writeText(bytes, address, text);
  }
  for (const [index, { literal, back }] of fragments.entries()) {
    const text = folded[literal] as string;
    passFilter(image, text, back);
    const address = addresses[literal] as number;
    addEntry(image, { number: index + 1, literal, back, text, address, blocks: blocks[literal] as number });
  }
  return bytes;
}

/** Whether a finder can look for a text: 3 to 4096 ASCII characters. */
export function isLiteral(text: string): boolean {
  return /^[\x01-\x7f]+$/.test(text) && text.length >= 3 && text.length <= MAX_LITERAL_LENGTH;
}

/** Writes the blocks of a text. Bytes behind its end are equal whatever the input holds. */
function writeText(image: Uint8Array, address: number, text: string): number {
  const end = address + Math.ceil(text.length / 16) * BLOCK_BYTES;
  image.fill(0xff, address, end);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const at = address + (i >> 4) * BLOCK_BYTES + (i & 15);
    image[at] = code >= 0x61 && code <= 0x7a ? 0x20 : 0;
    image[at + 16] = code;
  }
  return end;
}

/** Lets the four bytes at a place pass: what is not the literal's may be anything. */
function passFilter(image: DataView, text: string, back: number): void {
  const [behind, before] = [bitOf(text, back + 3), bitOf(text, back)];
  for (const first of casesOf(text, back + 1)) {
    for (const second of casesOf(text, back + 2)) {
      const entry = FILTER + (first | (second << 8)) * FILTER_ENTRY;
      image.setInt32(entry, image.getInt32(entry, true) | behind, true);
      image.setInt32(entry + 4, image.getInt32(entry + 4, true) | before, true);
    }
  }
}

/** A character of a text in lower case, in both cases. */
function casesOf(text: string, at: number): number[] {
  const code = text.charCodeAt(at);
  return code >= 0x61 && code <= 0x7a ? [code, code - 0x20] : [code];
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
