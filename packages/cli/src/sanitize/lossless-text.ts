/**
 * The text of any bytes: UTF-8 where they are, and each byte that is not as a lone surrogate U+DC80…U+DCFF (what Python
 * calls `surrogateescape`). So patterns see characters, and `encodeLossless` gives back the very same bytes.
 */
export function decodeLossless(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? decodeBroken(bytes) : text;
}

/** The bytes of a text that `decodeLossless` made, or of any other text. */
export function encodeLossless(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const bytes = Buffer.allocUnsafe(text.length * 3);
  let length = 0;
  let begun = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc80 || unit > 0xdcff || isHighSurrogate(text.charCodeAt(i - 1))) continue;
    if (i > begun) length += bytes.write(text.slice(begun, i), length, "utf8");
    bytes[length++] = unit & 0xff;
    begun = i + 1;
  }
  length += bytes.write(text.slice(begun), length, "utf8");
  return bytes.subarray(0, length);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function decodeBroken(bytes: Buffer): string {
  const units = new Uint16Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    const code = size === 0 ? 0xdc00 | (bytes[at] as number) : codePoint(bytes, at, size);
    at += Math.max(1, size);
    if (code > 0xffff) units[length++] = 0xd800 + ((code - 0x10000) >> 10);
    units[length++] = code > 0xffff ? 0xdc00 | (code & 0x3ff) : code;
  }
  return Buffer.from(units.buffer, 0, length * 2).toString("utf16le");
}

/** Bytes of the UTF-8 character that starts here; 0 when none does. */
function characterSize(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const size = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + size > bytes.length) return 0;
  for (let i = 1; i < size; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0;
  if (size < 3) return size;
  // Longer than needed, a surrogate, or beyond Unicode.
  const code = codePoint(bytes, at, size);
  if (size === 3) return code >= 0x800 && (code & 0xf800) !== 0xd800 ? 3 : 0;
  return code >= 0x10000 && code <= 0x10ffff ? 4 : 0;
}

function codePoint(bytes: Buffer, at: number, size: number): number {
  let code = size === 1 ? (bytes[at] as number) : (bytes[at] as number) & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) code = (code << 6) | ((bytes[at + i] as number) & 0x3f);
  return code;
}
