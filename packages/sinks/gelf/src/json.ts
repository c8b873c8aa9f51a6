const NEEDS_ESCAPE = /["\\\u0000-\u001f]/;

/** Text as the content of a JSON string, without the quotes; lone surrogates are left to the UTF-8 encoder. */
export function escapeJson(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text.toWellFormed()).slice(1, -1) : text;
}

/** The longest start of `text` that takes at most `maxBytes` in UTF-8, cut between code points. */
export function cutUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}

/** Bytes that `text` takes as a JSON string, quotes included. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text.toWellFormed()));
}
