/** The end of a key in quotes, which may be escaped, and what binds a value to it. */
const KEY_END = /(\\{0,4}["']|%22|\\x22|\\u0022)[ \t]{0,4}(?::|%3a)[ \t]{0,4}$/i;
const BARE = /^[\w.+-]+$/;
const VALUE_END = /^(?:$|[\s,}\]]|%2c|%7d|%5d|\\[nrt])/i;
const LONGEST_KEY_END = 24;

/**
 * The quotes that what replaces a part of a text has to have, so that JSON stays JSON: those of the key, where it is a
 * value without quotes, as in `{"password":123}`.
 */
export function quoteFor(text: string, start: number, end: number): string {
  const key = KEY_END.exec(text.slice(Math.max(0, start - LONGEST_KEY_END), start));
  if (key === null || !BARE.test(text.slice(start, end)) || !VALUE_END.test(text.slice(end, end + 3))) return "";
  return key[1] as string;
}
