import { foldCode } from "./folding.ts";
import { posixSet } from "./properties.ts";
import type { AssertKind } from "./syntax.ts";

// What the machine asks about a place in a text, given in UTF-16 units and always between two code points.

const unicodeWord = posixSet("word", false)!;
const asciiWord = posixSet("word", true)!;

/** Units of the code point at a place; 0 at the end. */
export function width(text: string, at: number): number {
  if (at >= text.length) return 0;
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}

/** The place one code point earlier; -1 before the start. */
export function before(text: string, at: number): number {
  const low = at > 1 ? text.charCodeAt(at - 1) : 0;
  const high = low >= 0xdc00 && low <= 0xdfff ? text.charCodeAt(at - 2) : 0;
  return high >= 0xd800 && high <= 0xdbff ? at - 2 : at - 1;
}

/** End of the text that folds to `wanted`, or -1. */
export function foldedEnd(text: string, wanted: string, from: number): number {
  let at = from;
  for (let done = 0; done < wanted.length; ) {
    if (at >= text.length) return -1;
    const fold = foldCode(text.codePointAt(at)!);
    if (!wanted.startsWith(fold, done)) return -1;
    done += fold.length;
    at += width(text, at);
  }
  return at;
}

/** End of the extended grapheme cluster at a place, or -1 at the end. */
export function graphemeEnd(text: string, at: number): number {
  if (at >= text.length) return -1;
  const [first] = new Intl.Segmenter().segment(text.slice(at, at + 256));
  return at + first!.segment.length;
}

/** Whether an assertion holds. `ascii`: words are of ASCII letters only. */
export function holds(text: string, kind: AssertKind, at: number, ascii: boolean, searchStart: number): boolean {
  switch (kind) {
    case "line-start":
      return at === 0 || (text[at - 1] === "\n" && at < text.length);
    case "line-end":
      return at === text.length || text[at] === "\n";
    case "text-start":
      return at === 0;
    case "text-end":
      return at === text.length;
    case "text-end-newline":
      return at === text.length || (at === text.length - 1 && text[at] === "\n");
    case "search-start":
      return at === searchStart;
    default:
      return isBoundary(text, at, ascii) === (kind === "word-boundary");
  }
}

function isBoundary(text: string, at: number, ascii: boolean): boolean {
  const word = ascii ? asciiWord : unicodeWord;
  const left = at > 0 && word(text.codePointAt(before(text, at))!);
  const right = at < text.length && word(text.codePointAt(at)!);
  return left !== right;
}
