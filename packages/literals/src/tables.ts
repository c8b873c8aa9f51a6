import { chooseFragments } from "./fragments.ts";
import { BITMAP_MASK, BITMAP_SHIFT, foldedGroup, pairProduct, tripleProduct } from "./hash.ts";
import {
  BITMAP,
  BLOCK_BYTES,
  ENTRIES,
  ENTRY,
  MAX_LITERAL_LENGTH,
  PAIR_HASH_BITS,
  PAIR_HEADS,
  TRIPLE_HASH_BITS,
  TRIPLE_HEADS,
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
  const addresses: number[] = [];
  let address = texts;
  for (const text of folded) {
    addresses.push(address);
    address = writeText(image, address, text);
  }
  for (const [index, { literal, back, group }] of fragments.entries()) {
    const entry = {
      number: index + 1,
      back,
      literal,
      blocks: blocks[literal] as number,
      text: addresses[literal] as number,
    };
    addEntry(image, entry, group);
  }
  return new Uint8Array(image.buffer);
}

/** Whether a finder can look for a text: 3 to 256 ASCII characters. */
export function isLiteral(text: string): boolean {
  return /^[\x01-\x7f]+$/.test(text) && text.length >= 3 && text.length <= MAX_LITERAL_LENGTH;
}

/** Writes the blocks of a text. Bytes behind its end are equal whatever the input holds. */
function writeText(image: DataView, address: number, text: string): number {
  const end = address + Math.ceil(text.length / 16) * BLOCK_BYTES;
  for (let at = address, i = 0; at < end; at += BLOCK_BYTES) {
    for (let column = 0; column < 16; column++, i++) {
      const code = i < text.length ? text.charCodeAt(i) : 0xff;
      const isLetter = code >= 0x61 && code <= 0x7a;
      image.setUint8(at + column, i < text.length ? (isLetter ? 0x20 : 0) : 0xff);
      image.setUint8(at + 16 + column, code);
    }
  }
  return end;
}

interface Entry {
  readonly number: number;
  readonly back: number;
  readonly literal: number;
  readonly blocks: number;
  readonly text: number;
}

function addEntry(image: DataView, { number, back, literal, blocks, text }: Entry, group: string): void {
  const bytes = foldedGroup(group);
  const head =
    group.length === 3
      ? TRIPLE_HEADS + 2 * (tripleProduct(bytes) >>> (32 - TRIPLE_HASH_BITS))
      : PAIR_HEADS + 2 * (pairProduct(bytes) >>> (32 - PAIR_HASH_BITS));
  const at = ENTRIES + number * ENTRY.size;
  image.setInt32(at + ENTRY.group, bytes, true);
  image.setUint16(at + ENTRY.next, image.getUint16(head, true), true);
  image.setUint16(at + ENTRY.back, back, true);
  image.setInt32(at + ENTRY.text, text, true);
  image.setUint16(at + ENTRY.literal, literal, true);
  image.setUint16(at + ENTRY.blocks, blocks, true);
  image.setUint16(head, number, true);
  if (group.length === 3) setBit(image, bytes);
  // The third character may be anything.
  else for (let third = 0; third < 256; third++) setBit(image, bytes | ((third | 0x20) << 16));
}

function setBit(image: DataView, folded: number): void {
  const word = BITMAP + ((tripleProduct(folded) >>> BITMAP_SHIFT) & BITMAP_MASK);
  image.setUint32(word, image.getUint32(word, true) | (1 << (folded & 31)), true);
}
