import { Buffer } from "node:buffer";
import type { Screen } from "@sluice/core";
import { type Around, LiteralFinder } from "@sluice/literals";
import { MAX_DECODINGS } from "./decode.ts";
import type { Rule } from "./rule.ts";
import type { Span } from "./screen-gate.ts";
import { keywordsOf, type ScreenKeywords } from "./screen-keywords.ts";
import { DecodedLines } from "./screen-lines.ts";
import { ShapeCheck } from "./screen-shapes.ts";

const NEWLINE = 10;
/** Begins what colours a text, which the finder does not decode. */
const ESC = 0x1b;
const BRACKET = 0x5b;
const HITS_BEFORE_GATE = 1;
const LINE: Around = { stop: NEWLINE, mayGoOn: false };
/** Ends with a zero, and may hold some. */
const DECODED_LINE: Around = { stop: 0, mayGoOn: true };
const WINDOW = LiteralFinder.WINDOW;

export interface ScreenOptions {
  readonly rules: readonly Rule[];
  /** Secrets may lie over several lines. Default false: each line stands for itself. */
  readonly acrossLines?: boolean;
  /** A keyword that occurs less often is not worth a gate: its lines are suspect. Default 1. */
  readonly hitsBeforeGate?: number;
}

/** Creates the screen of some rules, or null when one of them may have to look at every text. */
export function createScreen(options: ScreenOptions): Screen | null {
  return options.rules.every(canBeScreened) ? new RuleScreen(options) : null;
}

function canBeScreened({ keywords, shape }: Rule): boolean {
  return (keywords.length > 0 || shape !== undefined) && keywords.every((word) => LiteralFinder.takes(word));
}

class RuleScreen implements Screen {
  readonly #keywords: ScreenKeywords;
  readonly #finder: LiteralFinder;
  readonly #shapes: ShapeCheck;
  readonly #acrossLines: boolean;
  readonly #hitsBeforeGate: number;
  readonly #lines: DecodedLines;
  readonly #suspects = new Set<number>();
  #data: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** What the finder has in its memory: whole lines of the data, which begin here, or decoded ones. */
  #start = 0;
  #length = 0;
  #decoded = false;
  #text: Span;
  /** The last line that was named as suspect, as a range of the data. */
  #lineStart = 0;
  #lineEnd = 0;

  constructor({ rules, acrossLines = false, hitsBeforeGate = HITS_BEFORE_GATE }: ScreenOptions) {
    this.#keywords = keywordsOf(rules);
    this.#finder = this.#keywords.finder;
    this.#lines = new DecodedLines(this.#finder);
    this.#shapes = new ShapeCheck(new Set(rules.flatMap(({ shape }) => shape ?? [])));
    this.#acrossLines = acrossLines;
    this.#hitsBeforeGate = hitsBeforeGate;
    this.#text = this.#span(0, 0);
  }

  suspects(data: Uint8Array<ArrayBuffer>): readonly number[] {
    this.#data = data;
    this.#suspects.clear();
    for (let at = 0; at < data.length; ) {
      const end = this.#windowEnd(at);
      if (end - at > WINDOW) this.#suspects.add(at);
      else this.#searchLines(at, end);
      at = end;
    }
    return [...this.#suspects].sort((a, b) => a - b);
  }

  /** The end of the last line that fits into a window, or of the first when that is too long. */
  #windowEnd(at: number): number {
    if (at + WINDOW >= this.#data.length) return this.#data.length;
    const end = this.#data.lastIndexOf(NEWLINE, at + WINDOW - 1) + 1;
    if (end > at) return end;
    const newline = this.#data.indexOf(NEWLINE, at + WINDOW);
    return newline < 0 ? this.#data.length : newline + 1;
  }

  #searchLines(start: number, end: number): void {
    this.#decoded = false;
    this.#start = start;
    this.#lineStart = start;
    this.#lineEnd = start;
    this.#finder.input.set(this.#data.subarray(start, end));
    this.#finder.load(end - start);
    // A secret may begin before a line end or go on behind it: then the finder's gates do not know where a text ends.
    this.#search(end - start, this.#acrossLines ? undefined : LINE);
    this.#lines.clear();
    this.#finder.escaped(this.#decodeLine);
    if (!this.#lines.isEmpty) this.#searchDecoded();
  }

  readonly #decodeLine = (start: number, end: number, hasDoubled: boolean): void => {
    const line = this.#start + start;
    // Where a field begins between two backslashes, its escapes are others than the line's.
    if (hasDoubled) this.#suspects.add(line);
    else if (this.#isLeft(line)) this.#lines.add(line, 0, start, end);
  };

  #searchDecoded(): void {
    this.#decoded = true;
    for (let level = 1; !this.#lines.isEmpty; level++) {
      this.#finder.loadDecoded(level, this.#lines.length);
      this.#search(this.#lines.length, DECODED_LINE);
      if (level === MAX_DECODINGS) return;
      this.#lines.decodeAgain(level, this.#isLeft);
    }
  }

  readonly #isLeft = (line: number): boolean => !this.#suspects.has(line);

  #search(length: number, around: Around | undefined): void {
    this.#length = length;
    this.#text = this.#span(0, length);
    this.#suspectColours();
    this.#finder.marks(this);
    this.#finder.hits(this.#hit, around);
  }

  /** Between keyword and secret there may be colours. */
  #suspectColours(): void {
    const { buffer, byteOffset } = this.#finder.text;
    // Buffer finds a byte several times faster than an array of bytes does.
    const text = Buffer.from(buffer, byteOffset, this.#length);
    for (let at = text.indexOf(ESC); at >= 0; at = text.indexOf(ESC, at + 1)) {
      if (text[at + 1] === BRACKET && !this.#isSuspect(at)) this.#suspect(at);
    }
  }

  /** A part of the finder's text for gates. */
  #span(start: number, end: number): Span {
    const stop = this.#decoded || this.#acrossLines ? -1 : NEWLINE;
    // A decoded line stands for itself: who escapes a text escapes its line ends too.
    return { bytes: this.#finder.text, start, end, stop, open: this.#acrossLines && !this.#decoded };
  }

  readonly #hit = (literal: number, start: number): void => {
    if (this.#isSuspect(start)) return;
    if (this.#keywords.passes(literal, start, this.#hitsBeforeGate, () => this.#around(start))) this.#suspect(start);
  };

  #around(at: number): Span {
    if (!this.#decoded) return this.#text;
    const index = this.#lines.find(at);
    return this.#span(this.#lines.start(index), this.#lines.end(index));
  }

  /** For the finder: digits stand here. */
  digits(at: number): void {
    if (!this.#isSuspect(at) && this.#shapes.isNumber(this.#finder.text, at, this.#length)) this.#suspect(at);
  }

  /** For the finder: letters and digits stand here. */
  run(at: number): void {
    if (!this.#isSuspect(at) && this.#shapes.isLongRun(this.#finder.text, at, this.#length)) this.#suspect(at);
  }

  /** For the finder: two dots stand here, six bytes apart. */
  dots(at: number): void {
    if (!this.#isSuspect(at) && this.#shapes.isDotted(this.#finder.text, at, this.#length)) this.#suspect(at);
  }

  #isSuspect(at: number): boolean {
    if (this.#decoded) return !this.#isLeft(this.#lines.line(this.#lines.find(at)));
    const place = this.#start + at;
    return place >= this.#lineStart && place < this.#lineEnd;
  }

  /** Adds the line of a place in the finder's text. */
  #suspect(at: number): void {
    if (this.#decoded) {
      this.#suspects.add(this.#lines.line(this.#lines.find(at)));
      return;
    }
    const place = this.#start + at;
    this.#lineStart = place === 0 ? 0 : this.#data.lastIndexOf(NEWLINE, place - 1) + 1;
    const newline = this.#data.indexOf(NEWLINE, place);
    this.#lineEnd = newline < 0 ? this.#data.length : newline + 1;
    this.#suspects.add(this.#lineStart);
  }
}
