/** Reports one occurrence of a keyword: its number and its offsets in the text. */
export type HitVisitor = (keyword: number, start: number, end: number) => void;

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
  const trie = new Trie(width);
  for (const [index, keyword] of folded.entries()) {
    trie.add(
      Array.from(keyword, (char) => classes[char.charCodeAt(0)] as number),
      index,
    );
  }
  const { next, outputs } = trie.close();
  const lengths = keywords.map(({ length }) => length);
  return {
    find(text, visit, pause) {
      let state = 0;
      for (let i = 0; i < text.length; i++) {
        if (i % STRETCH === STRETCH - 1) pause();
        const code = text.charCodeAt(i);
        state = next[state + (code < 128 ? (classes[code] as number) : 0)] as number;
        if (outputs[state] === undefined) continue;
        for (const keyword of outputs[state] as number[]) visit(keyword, i + 1 - (lengths[keyword] as number), i + 1);
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

/** States are numbered by the offset of their row, which saves a multiplication for every character. */
class Trie {
  readonly #width: number;
  readonly #rows: number[][] = [];
  readonly #outputs: number[][] = [];

  constructor(width: number) {
    this.#width = width;
    this.#state();
  }

  add(path: readonly number[], keyword: number): void {
    let state = 0;
    for (const step of path) {
      const row = this.#rows[state] as number[];
      row[step] ||= this.#state();
      state = row[step] as number;
    }
    (this.#outputs[state] as number[]).push(keyword);
  }

  /** Fills in where to go on when a word ends in the middle, breadth first. */
  close(): { next: Int32Array; outputs: (number[] | undefined)[] } {
    const fallback = new Int32Array(this.#rows.length);
    const queue = (this.#rows[0] as number[]).filter((state) => state > 0);
    for (const state of queue) {
      const row = this.#rows[state] as number[];
      const back = fallback[state] as number;
      (this.#outputs[state] as number[]).push(...(this.#outputs[back] as number[]));
      for (const [step, target] of row.entries()) {
        const other = (this.#rows[back] as number[])[step] as number;
        if (target === 0) row[step] = other;
        else {
          fallback[target] = other;
          queue.push(target);
        }
      }
    }
    return this.#table();
  }

  #table(): { next: Int32Array; outputs: (number[] | undefined)[] } {
    const next = Int32Array.from(this.#rows.flat(), (state) => state * this.#width);
    const outputs: (number[] | undefined)[] = Array.from({ length: next.length });
    for (const [state, words] of this.#outputs.entries()) {
      if (words.length > 0) outputs[state * this.#width] = words;
    }
    return { next, outputs };
  }

  #state(): number {
    this.#outputs.push([]);
    return this.#rows.push(Array.from({ length: this.#width }, () => 0)) - 1;
  }
}
