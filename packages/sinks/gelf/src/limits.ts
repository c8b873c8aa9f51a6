/** Largest frame, delimiter included: Graylog closes the connection on more than 2 MiB. */
export const MAX_FRAME = 2 * 1024 * 1024 - 1;

/** Longest string field in UTF-8 bytes: Lucene's limit for a term, beyond which the index refuses the message. */
export const MAX_STRING = 32_766;

/** A string of at most this many characters is within MAX_STRING whatever it holds. */
export const SAFE_LENGTH = Math.floor(MAX_STRING / 3);

/** What stands in `short_message` when the event has no text: Graylog refuses blank ones. */
export const NO_MESSAGE = "(no message)";

/** What Graylog and Java take for blank: white space of Unicode and all characters up to the space. */
const BLANK = /^[\s\u0000-\u0020]*$/;

export function isBlank(text: string): boolean {
  const first = text.charCodeAt(0);
  return !(first > 0x20 && first < 0x7f) && BLANK.test(text);
}
