import { type ByteSet, chars, minus, NO_BYTES, negate, range, single, union } from "./byte-set.ts";
import type { Cursor } from "./cursor.ts";

/** A class as it was read. `asciiOnly`: which characters beyond ASCII it takes depends on the engine. */
export interface ClassSyntax {
  readonly set: ByteSet;
  readonly asciiOnly: boolean;
}

const DIGIT = range(0x30, 0x39);
const LETTER = union(range(0x41, 0x5a), range(0x61, 0x7a));
const WORD = union(union(DIGIT, LETTER), single(0x5f));
const BLANK = union(single(0x20), single(0x09));
const HEX = union(DIGIT, union(range(0x41, 0x46), range(0x61, 0x66)));

/** Members of `\w`. */
export const WORD_BYTES = WORD;

// Ruby's classes are ASCII; `\h` is a hexadecimal digit (Oniguruma, doc/RE, 3. Character types).
const SHORTHANDS: Readonly<Record<string, ByteSet>> = { d: DIGIT, w: WORD, s: BLANK, h: HEX };

const POSIX: Readonly<Record<string, ByteSet>> = {
  alnum: union(DIGIT, LETTER),
  alpha: LETTER,
  blank: BLANK,
  digit: DIGIT,
  graph: range(0x21, 0x7e),
  lower: range(0x61, 0x7a),
  print: range(0x20, 0x7e),
  space: BLANK,
  upper: range(0x41, 0x5a),
  word: WORD,
  xdigit: HEX,
};

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 };
const PUNCTUATION = chars("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ");

/** Reads what follows a backslash, inside of a class or outside: one character or a class. */
export function readClassEscape(cursor: Cursor): ClassSyntax {
  const hex = cursor.match(/x([0-7][0-9A-Fa-f])/y);
  if (hex !== null) return known(single(Number.parseInt(hex[1] as string, 16)));
  const char = cursor.next();
  const positive = SHORTHANDS[char];
  if (positive !== undefined) return known(positive);
  const negative = SHORTHANDS[char.toLowerCase()];
  if (negative !== undefined) return known(negate(negative));
  const control = CONTROL_ESCAPES[char];
  if (control !== undefined) return known(single(control));
  const literal = char.charCodeAt(0) < 0x80 ? single(char.charCodeAt(0)) : NO_BYTES;
  if (minus(literal, PUNCTUATION).ascii !== 0n || literal.ascii === 0n) cursor.fail(`escape "\\${char}"`);
  return known(literal);
}

/** Reads a bracketed class whose `[` has been read. */
export function readClass(cursor: Cursor): ClassSyntax {
  const negated = cursor.take("^");
  let set = NO_BYTES;
  let asciiOnly = false;
  if (cursor.peek === "]") cursor.fail('"]" at the start of a class');
  while (!cursor.take("]")) {
    const part = readPart(cursor);
    set = union(set, part.set);
    asciiOnly ||= part.asciiOnly;
  }
  return { set: negated ? negate(set) : set, asciiOnly };
}

function readPart(cursor: Cursor): ClassSyntax {
  const posix = cursor.match(/\[:(\^?)([a-z]+):\]/y);
  if (posix !== null) return readPosix(posix[2] as string, posix[1] === "^", cursor);
  if (cursor.peek === "[") cursor.fail("class within a class");
  if (cursor.take("&&")) cursor.fail("intersection of classes");
  const first = readMember(cursor);
  if (first.code === null) {
    if (cursor.match(/-(?!\])/y) !== null) cursor.fail('"-" after a class');
    return known(first.set);
  }
  if (cursor.match(/-(?!\])/y) === null) return known(first.set);
  if (cursor.peek === "[") cursor.fail("range to a class");
  const last = readMember(cursor);
  if (last.code === null || last.code < first.code) cursor.fail("range with such bounds");
  return known(range(first.code, last.code));
}

interface Member {
  readonly set: ByteSet;
  /** The character, or null for a shorthand. */
  readonly code: number | null;
}

function readMember(cursor: Cursor): Member {
  if (cursor.take("\\")) {
    const shorthand = /[dwshDWSH]/.test(cursor.peek);
    const { set } = readClassEscape(cursor);
    if (shorthand) return { set, code: null };
    return { set, code: codeOf(set) };
  }
  const code = cursor.next().codePointAt(0) as number;
  if (code >= 0x80) cursor.fail("character beyond ASCII in a class");
  return { set: single(code), code };
}

/** The character of a one-member set; null when it was a control character, which is never a member. */
function codeOf(set: ByteSet): number | null {
  return set.ascii === 0n ? null : set.ascii.toString(2).length - 1;
}

function readPosix(name: string, negated: boolean, cursor: Cursor): ClassSyntax {
  const set = POSIX[name];
  if (set === undefined) cursor.fail(`class [:${name}:]`);
  return { set: negated ? negate(set) : set, asciiOnly: true };
}

function known(set: ByteSet): ClassSyntax {
  return { set, asciiOnly: false };
}
