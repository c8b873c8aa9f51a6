const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const NONE = 0xff;
/** What the letter behind a backslash stands for, as in decode.ts. */
const SIMPLE = table({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" });
const HEX = hexDigits();

/** Decodes the escapes that decode.ts knows, in bytes. */
export class ByteDecoder {
  /** Whether the last text still held a `%` or `\\` when it was decoded. */
  again = false;

  /**
   * Decodes `source[start..end)` to `target` from `out` on, which may be the same memory if `out` is not behind `start`.
   * Returns where the result ends, or -1 when there was nothing to decode.
   */
  decode(source: Uint8Array, start: number, end: number, target: Uint8Array, out: number): number {
    let to = out;
    let at = start;
    let decoded = false;
    let again = false;
    for (;;) {
      let byte = 0;
      while (at < end && !isEscape((byte = source[at] as number))) {
        target[to++] = byte;
        at++;
      }
      if (at >= end) break;
      const length = escapeLength(source, at, end);
      if (length > 1) {
        decoded = true;
        byte = length === 2 ? (SIMPLE[source[at + 1] as number] as number) : hexByte(source, at + length - 2);
      }
      again ||= isEscape(byte);
      target[to++] = byte;
      at += length;
    }
    this.again = again;
    return decoded ? to : -1;
  }
}

function isEscape(byte: number): boolean {
  return byte === PERCENT || byte === BACKSLASH;
}

/** Length of the escape that begins at `at`, or 1. */
function escapeLength(source: Uint8Array, at: number, end: number): number {
  if (source[at] === PERCENT) return at + 2 < end && hexByte(source, at + 1) < 0x80 ? 3 : 1;
  if (at + 1 >= end) return 1;
  const letter = source[at + 1] as number;
  if (SIMPLE[letter] !== NONE) return 2;
  if (letter === 0x78) return at + 3 < end && hexByte(source, at + 2) < 0x80 ? 4 : 1;
  const isUnicode = letter === 0x75 && at + 5 < end && source[at + 2] === 0x30 && source[at + 3] === 0x30;
  return isUnicode && hexByte(source, at + 4) < 0x80 ? 6 : 1;
}

/** The byte that two hexadecimal digits stand for; 0x80 or more when they are none, or are no ASCII. */
function hexByte(source: Uint8Array, at: number): number {
  return ((HEX[source[at] as number] as number) << 4) | (HEX[source[at + 1] as number] as number);
}

function hexDigits(): Uint8Array {
  const digits = new Uint8Array(256).fill(NONE);
  for (let value = 0; value < 16; value++) {
    digits[value.toString(16).charCodeAt(0)] = value;
    digits[value.toString(16).toUpperCase().charCodeAt(0)] = value;
  }
  return digits;
}

function table(letters: Readonly<Record<string, string>>): Uint8Array {
  const bytes = new Uint8Array(256).fill(NONE);
  for (const [letter, meaning] of Object.entries(letters)) bytes[letter.charCodeAt(0)] = meaning.charCodeAt(0);
  return bytes;
}
