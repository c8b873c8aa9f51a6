// Hashes of a few bytes, the same here and in the generated code. `folded` are bytes in little-endian order, each joined
// with 0x20 by `or`: both cases of a letter are one, and some other characters fall together too.

/** The factor's lowest byte is 0: the product depends on three bytes only. */
export const TRIPLE_FACTOR = 0x9e37_7900 | 0;
export function tripleProduct(folded: number): number {
  return Math.imul(folded, TRIPLE_FACTOR) >>> 0;
}

/** Up to three characters as folded bytes. */
export function foldedBytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) bytes |= (text.charCodeAt(i) | 0x20) << (8 * i);
  return bytes;
}
