import { Buffer } from "node:buffer";
import { LiteralFinder } from "@sluice/literals";

/** Reports one occurrence of a keyword: its number and its offsets in the text. */
type HitVisitor = (keyword: number, start: number, end: number) => void;

/** Finds every occurrence of any of many keywords, in any case of ASCII letters, in one pass, in the order of the ends. */
export interface KeywordFinder {
  /** @param pause Called now and then in a long text; may throw to end the search. */
  find(text: string, visit: HitVisitor, pause: () => void): void;
}

interface Hit {
  readonly keyword: number;
  readonly start: number;
  readonly end: number;
}

export function keywordFinder(keywords: readonly string[]): KeywordFinder {
  return new TextFinder(keywords);
}

let latest: { readonly key: string; readonly finder: LiteralFinder; owner?: object } | undefined;

/**
 * Step and screen look for the same keywords, and neither does while the other does: one finder is enough for both.
 *
 * @param owner Who puts gates into the finder, which no two may.
 */
export function sharedFinder(keywords: readonly string[], owner?: object): LiteralFinder {
  const key = keywords.join("\0");
  const isFree = owner === undefined || latest?.owner === undefined || latest.owner === owner;
  if (latest?.key !== key || !isFree) latest = { key, finder: new LiteralFinder(keywords) };
  if (owner) latest.owner = owner;
  return latest.finder;
}

class TextFinder implements KeywordFinder {
  readonly #lengths: readonly number[];
  readonly #overlap: number;
  readonly #finder: LiteralFinder;
  readonly #memory: LatinBuffer;
  #hits: Hit[] = [];
  /** The text, and where its window begins and the last one ended. */
  #text = "";
  #from = 0;
  #seen = 0;

  constructor(keywords: readonly string[]) {
    this.#lengths = keywords.map(({ length }) => length);
    this.#overlap = Math.max(1, ...this.#lengths) - 1;
    this.#finder = sharedFinder(keywords);
    const { buffer, byteOffset, length } = this.#finder.input;
    this.#memory = Buffer.from(buffer, byteOffset, length) as LatinBuffer;
  }

  find(text: string, visit: HitVisitor, pause: () => void): void {
    this.#text = text;
    this.#seen = 0;
    for (this.#from = 0; this.#seen < text.length; this.#from = Math.max(0, this.#seen - this.#overlap)) {
      if (this.#seen > 0) pause();
      const end = Math.min(this.#from + LiteralFinder.WINDOW, text.length);
      const window = this.#from === 0 && end === text.length ? text : text.slice(this.#from, end);
      // Of characters beyond Latin-1 only the lower byte is written, so that offsets stay what they are.
      this.#finder.load(this.#memory.latin1Write(window, 0, window.length));
      this.#finder.hits(this.#collect);
      this.#seen = end;
      if (this.#hits.length > 0) this.#giveOut(visit);
    }
    this.#text = "";
  }

  readonly #collect = (keyword: number, at: number): void => {
    const start = this.#from + at;
    const end = start + (this.#lengths[keyword] as number);
    if (end <= this.#seen || !this.#isAscii(start, end)) return;
    this.#hits.push({ keyword, start, end });
  };

  #isAscii(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if (this.#text.charCodeAt(i) > 0x7f) return false;
    return true;
  }

  #giveOut(visit: HitVisitor): void {
    const hits = this.#hits;
    this.#hits = [];
    if (hits.length > 1) hits.sort((a, b) => a.end - b.end);
    for (const { keyword, start, end } of hits) visit(keyword, start, end);
  }
}

/** `latin1Write` is what `write` calls; it skips its checks, which count for short texts. */
interface LatinBuffer extends Buffer {
  latin1Write(text: string, offset: number, length: number): number;
}
