/** Lines of a text that belong together, and where they start. */
export interface Block {
  readonly text: string;
  readonly start: number;
}

/** A line that goes on with the one before: it is indented, or closes or continues what that one has begun. */
const GOES_ON = /^(?:[ \t]+\S|[}\])>"'`,;|+]|<\/|=)/;
/** A line that cannot be all: it ends with something that opens, assigns or joins, or with an opening tag. */
const IS_OPEN = /(?:[:=,([{\\|+]|=>|^\s*<[\w:.-]{1,64}(?: [^<>]{0,256})?>)[ \t]*\r?\n$/;
/** Entries of a map, as in YAML, and words that stand alone on their lines. */
const ENTRY = /^[A-Za-z_][\w.-]{0,63}:(?:\s|$)/;
/** An entry of a map within one, which the next entry of the outer one ends. */
const INNER_ENTRY = /^[ \t-]+["']?[\w.-]{1,64}["']?:(?:\s|$)/;
const WORDS = /^[A-Za-z][A-Za-z \t-]{0,39}\r?\n$/;
const WORD = /^\S+\s*$/;
const BLANK = /^\s*$/;
/** The lines of a public key and of a certificate, too, look like those of a private key where nothing says what they are. */
const KEY_BEGINS = /BEGIN [A-Z0-9_ ]{0,60}(?:KEY|CERTIFICATE)/;
const KEY_ENDS = /END [A-Z0-9_ ]{0,60}(?:KEY|CERTIFICATE)/;
/** Lines of a key that does not end. */
const MAX_KEY_LINES = 200;

/**
 * Cuts a text into lines, where one stands for itself, and into blocks of lines that go on in the next: so a keyword may
 * stand above its secret, and a line of a log is not taken for the secret of the line before.
 */
export function* blocksOf(text: string): Generator<Block> {
  let start = 0;
  let keyLines = 0;
  let before = "";
  for (const { 0: line, index } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const together = keyLines > 0 || belongTogether(before, line);
    if (index > start && !together) {
      yield { text: text.slice(start, index), start };
      start = index;
    }
    if (KEY_BEGINS.test(line)) keyLines = MAX_KEY_LINES;
    else if (KEY_ENDS.test(line)) keyLines = 0;
    else if (keyLines > 0) keyLines--;
    if (!BLANK.test(line)) before = line;
  }
  if (start < text.length) yield { text: text.slice(start), start };
}

/** @param before the last line that was not blank */
function belongTogether(before: string, line: string): boolean {
  if (GOES_ON.test(line) || IS_OPEN.test(before)) return true;
  return (
    ((ENTRY.test(before) || INNER_ENTRY.test(before)) && ENTRY.test(line)) || (WORDS.test(before) && WORD.test(line))
  );
}
