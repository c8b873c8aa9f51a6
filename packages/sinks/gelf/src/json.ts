import { MAX_STRING } from "./limits.ts";

const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

/** From so many characters on V8 escapes faster than the pattern finds nothing to escape: eight times so at 40 KiB. */
const LONG = 128;

/** Text as the content of a JSON string, without the quotes; lone surrogates are left to the UTF-8 encoder. */
export function escapeJson(text: string): string {
  return text.length >= LONG || NEEDS_ESCAPE.test(text) ? JSON.stringify(text.toWellFormed()).slice(1, -1) : text;
}

const encoder = new TextEncoder();
/** Nothing is read of it: it only ends where a text has to. */
const LONGEST = new Uint8Array(MAX_STRING);

/** The longest start of `text` that takes at most `MAX_STRING` bytes in UTF-8, cut between code points. */
export function cutToLimit(text: string): string {
  if (text.length * 3 <= MAX_STRING || Buffer.byteLength(text) <= MAX_STRING) return text;
  return text.slice(0, encoder.encodeInto(text, LONGEST).read);
}

/** Bytes that `text` takes as a JSON string, quotes included. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(escapeJson(text)) + 2;
}
