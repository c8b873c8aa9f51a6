// Hashes of a few bytes, the same here and in the generated code. `folded` is four bytes in little-endian order, each
// joined with 0x20 by `or`: both cases of a letter are one, and some other characters fall together too.

/** The factor's lowest byte is 0: the product does not depend on the fourth byte. */
export const TRIPLE_FACTOR = 0x9e37_7900 | 0;
/** Its two lowest bytes are 0: the product depends on two bytes only. */
export const PAIR_FACTOR = 0x9e37_0000 | 0;
/** Shift and mask that make the product an offset of a word in the bitmap; the first byte names the bit. */
export const BITMAP_SHIFT = 17;
export const BITMAP_MASK = 0x7ffc;

export function tripleProduct(folded: number): number {
  return Math.imul(folded, TRIPLE_FACTOR) >>> 0;
}

export function pairProduct(folded: number): number {
  return Math.imul(folded, PAIR_FACTOR) >>> 0;
}

/** Characters as folded bytes; those that are missing count as 0. */
export function foldedGroup(group: string): number {
  const codes = Array.from(group, (char) => char.charCodeAt(0));
  return codes.reduce((bytes, code, i) => bytes | ((code | 0x20) << (8 * i)), 0);
}
