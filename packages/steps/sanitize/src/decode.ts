/** A text without its escapes, and where each of its characters came from. */
export interface Decoded {
  readonly text: string;
  /** `at[i]` is the offset in the escaped text of character i; `at[text.length]` is that text's length. */
  readonly at: Uint32Array;
}

/**
 * What an escape may be: URL encoding, JSON, and the `\x22` of nginx's logs, of which only ASCII is decoded; and what
 * colours text on a terminal, of which nothing is left.
 */
const ESCAPE = /\x1b\[[\d;:]{0,32}[mK]|%[0-7][0-9A-Fa-f]|\\(?:u00[0-7][0-9A-Fa-f]|x[0-7][0-9A-Fa-f]|["\\/bfnrt])/g;
const SIMPLE: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * Replaces URL-encoded, JSON-escaped and hexadecimal forms of ASCII characters. Null when there are none. Others stay as
 * they are: no rule needs them, and a password of such characters is replaced in its escaped form.
 */
export function decodeEscapes(text: string): Decoded | null {
  if (!text.includes("%") && !text.includes("\\") && !text.includes("\x1b[")) return null;
  const parts: string[] = [];
  const at = new Uint32Array(text.length + 1);
  let length = 0;
  let copied = 0;
  for (const { 0: escape, index } of text.matchAll(ESCAPE)) {
    for (let i = copied; i < index; i++) at[length++] = i;
    const plain = decodeOne(escape);
    if (plain !== "") at[length++] = index;
    parts.push(text.slice(copied, index), plain);
    copied = index + escape.length;
  }
  if (parts.length === 0) return null;
  for (let i = copied; i <= text.length; i++) at[length++] = i;
  parts.push(text.slice(copied));
  return { text: parts.join(""), at: at.subarray(0, length) };
}

/** A secret may be escaped in an escaped text; beyond that nobody will look. */
export const MAX_DECODINGS = 3;

/** The text after all decodings. */
export function decodeFully(text: string): string {
  let plain = text;
  for (let level = 0; level < MAX_DECODINGS; level++) {
    const decoded = decodeEscapes(plain);
    if (decoded === null) break;
    plain = decoded.text;
  }
  return plain;
}

/** The offsets of one decoding after another. */
export function throughBoth(outer: Uint32Array, inner: Uint32Array): Uint32Array {
  return inner.map((offset) => outer[offset] as number);
}

/** Colours at the end of a part of a text, at any level of escapes. */
const COLOURS = /(?:(?:\x1b|\\+(?:u00|x)1b|%(?:25)*1b)(?:\[|%(?:25)*5b)[\d;:]{0,32}[mK])+$/i;

/** Where a part of an escaped text ends without the colours that follow it, which decoding has put into its end. */
export function endWithoutColours(text: string, start: number, end: number): number {
  return end - (COLOURS.exec(text.slice(Math.max(start, end - 256), end))?.[0].length ?? 0);
}

function decodeOne(escape: string): string {
  if (escape.startsWith("\x1b")) return "";
  if (escape.length > 2) return String.fromCharCode(Number.parseInt(escape.slice(-2), 16));
  const letter = escape.charAt(1);
  return SIMPLE[letter] ?? letter;
}
