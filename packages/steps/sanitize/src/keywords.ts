/** Reports one occurrence of a keyword: its number and its offsets in the text. */
type HitVisitor = (keyword: number, start: number, end: number) => void;

/** Finds every occurrence of any of many keywords, in any case of ASCII letters, in one pass. */
export interface KeywordFinder {
  /** @param pause Called now and then in a long text; may throw to end the search. */
  find(text: string, visit: HitVisitor, pause: () => void): void;
}

/** Characters between two calls of `pause`. */
const STRETCH = 65_536;

/** An Aho-Corasick automaton as a table: one look-up a character, whatever the number of keywords. */
export function keywordFinder(keywords: readonly string[]): KeywordFinder {
  const folded = keywords.map((keyword) => keyword.toLowerCase());
  const { classes, width } = classify(folded);
  const { next, outputs } = new Automaton(folded, classes, width).close();
  const lengths = keywords.map(({ length }) => length);
  return {
    find(text, visit, pause) {
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        if (i % STRETCH === STRETCH - 1) pause();
        const code = text.charCodeAt(i);
        state = next[state + (code < 128 ? (classes[code] as number) : 0)] as number;
        if (state >= 0) continue;
        state = -state;
        for (const keyword of outputs.get(state) as number[])
          visit(keyword, i + 1 - (lengths[keyword] as number), i + 1);
      }
    },
  };
}

/** Numbers the characters that occur in keywords; 0 is every other one. Both cases of a letter have one number. */
function classify(keywords: readonly string[]): { classes: Uint8Array; width: number } {
  const classes = new Uint8Array(128);
  let width = 1;
  for (const char of new Set(keywords.join(""))) {
    const code = char.charCodeAt(0);
    if (code > 127) throw new Error("a keyword must be ASCII");
    classes[code] = width;
    classes[char.toUpperCase().charCodeAt(0)] = width++;
  }
  return { classes, width };
}

/**
 * The table while it is made. A state is the offset of its row; 0 is the first one, and no row's cell points to it before
 * `close`, so that 0 also means none.
 */
class Automaton {
  readonly #width: number;
  readonly #next: Int32Array;
  /** The keywords that end in a state. */
  readonly #outputs = new Map<number, number[]>();
  #length: number;

  constructor(keywords: readonly string[], classes: Uint8Array, width: number) {
    const characters = keywords.reduce((sum, { length }) => sum + length, 0);
    this.#width = width;
    this.#next = new Int32Array((characters + 1) * width);
    this.#length = width;
    for (const [index, keyword] of keywords.entries()) this.#add(keyword, classes, index);
  }

  #add(keyword: string, classes: Uint8Array, index: number): void {
    let state = 0;
    for (let i = 0; i < keyword.length; i++) {
      const cell = state + (classes[keyword.charCodeAt(i)] as number);
      if (this.#next[cell] === 0) {
        this.#next[cell] = this.#length;
        this.#length += this.#width;
      }
      state = this.#next[cell] as number;
    }
    this.#outputs.set(state, [...(this.#outputs.get(state) ?? []), index]);
  }

  /**
   * Fills in where to go on when a word ends in the middle, breadth first. States in which keywords end are negative in
   * the table, so that one comparison tells.
   */
  close(): { next: Int32Array; outputs: ReadonlyMap<number, readonly number[]> } {
    const next = this.#next;
    const fallback = new Map<number, number>();
    const queue = [...next.subarray(0, this.#width)].filter((state) => state > 0);
    for (const state of queue) {
      const back = fallback.get(state) ?? 0;
      this.#inherit(state, back);
      for (let step = 0; step < this.#width; step++) {
        const target = next[state + step] as number;
        const other = next[back + step] as number;
        if (target === 0) next[state + step] = other;
        else {
          fallback.set(target, other);
          queue.push(target);
        }
      }
    }
    return { next: next.map((state) => (this.#outputs.has(state) ? -state : state)), outputs: this.#outputs };
  }

  /** Words that end in a state also end in every longer one that ends like it. */
  #inherit(state: number, back: number): void {
    const inherited = this.#outputs.get(back);
    if (inherited) this.#outputs.set(state, [...(this.#outputs.get(state) ?? []), ...inherited]);
  }
}
