import type { ByteSet, Nfa, State } from "./screen-nfa.ts";

/** A pattern that takes longer to walk through counts as one that can avoid its keywords. */
const MAX_STEPS = 20_000;
/** So does one with more keywords: it looks for something near the names of many services. */
const MAX_KEYWORDS = 256;

/** Where in a pattern a keyword may be the first one that a match contains: the states behind it. */
export interface Cuts {
  readonly byKeyword: ReadonlyMap<string, ReadonlySet<State>>;
  /** A match need not contain a keyword at all, as far as one can see; the keyword then only stands near it. */
  readonly avoidable: boolean;
}

/**
 * Walks through the automaton of a pattern with all texts at once and notes where a keyword ends for the first time.
 *
 * @param keywords In lower case.
 */
export function cutsOf(nfa: Nfa, keywords: readonly string[]): Cuts {
  if (keywords.length > MAX_KEYWORDS) return { byKeyword: new Map(), avoidable: true };
  let steps = 0;
  const tracker = new Tracker(keywords);
  const byKeyword = new Map<string, Set<State>>();
  const visited = new Set<number>();
  const open: [state: State, seen: number][] = [];
  let avoidable = false;
  const visit = (state: State, seen: number): void => {
    const key = state.id * tracker.size + seen;
    if (visited.has(key)) return;
    visited.add(key);
    avoidable ||= state === nfa.accept;
    open.push([state, seen]);
  };
  visit(nfa.start, 0);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (steps++ > MAX_STEPS) return { byKeyword, avoidable: true };
    const [state, seen] = next;
    for (const to of state.free) visit(to, seen);
    for (const { bytes, to } of state.edges) {
      for (const after of tracker.steps(seen, bytes)) {
        const keyword = tracker.completed(after);
        if (keyword === undefined) visit(to, after);
        else byKeyword.set(keyword, (byKeyword.get(keyword) ?? new Set()).add(to));
      }
    }
  }
  return { byKeyword, avoidable };
}

/** Follows which beginning of a keyword the text so far ends with: its number, of which 0 is the empty one. */
export class Tracker {
  readonly #beginnings: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #completed: readonly (string | undefined)[];
  readonly #chars: readonly string[];
  /** By set: by number, what may be seen after one of its bytes. */
  readonly #steps = new Map<ByteSet, (readonly number[])[]>();
  readonly #charsIn = new Map<ByteSet, readonly string[]>();

  constructor(keywords: readonly string[]) {
    const beginnings = keywords.flatMap((word) => Array.from(word, (_, i) => word.slice(0, i + 1)));
    this.#beginnings = [...new Set(["", ...beginnings])];
    this.#numbers = new Map(this.#beginnings.map((text, number) => [text, number]));
    // The longest first: of several that end at the same place, one is enough.
    const longestFirst = keywords.toSorted((a, b) => b.length - a.length);
    this.#completed = this.#beginnings.map((text) => longestFirst.find((word) => text.endsWith(word)));
    this.#chars = [...new Set(keywords.join(""))];
  }

  get size(): number {
    return this.#beginnings.length;
  }

  completed(seen: number): string | undefined {
    return this.#completed[seen];
  }

  /** What may be seen after one of these bytes. */
  steps(seen: number, bytes: ByteSet): readonly number[] {
    let bySeen = this.#steps.get(bytes);
    if (bySeen === undefined) this.#steps.set(bytes, (bySeen = []));
    return (bySeen[seen] ??= [...new Set(this.#relevant(bytes).map((char) => this.#step(seen, char)))]);
  }

  /** The characters of keywords among the bytes, and "" for all others. */
  #relevant(bytes: ByteSet): readonly string[] {
    const known = this.#charsIn.get(bytes);
    if (known) return known;
    const inSet = (char: string): boolean => bytes[char.charCodeAt(0)] === 1;
    const chars = this.#chars.filter((char) => inSet(char) || inSet(char.toUpperCase()));
    const others = bytes.some((has, byte) => has === 1 && !chars.includes(String.fromCharCode(byte).toLowerCase()));
    const list = others ? [...chars, ""] : chars;
    this.#charsIn.set(bytes, list);
    return list;
  }

  #step(seen: number, char: string): number {
    if (char === "") return 0;
    for (let text = this.#beginnings[seen] + char; ; text = text.slice(1)) {
      const number = this.#numbers.get(text);
      if (number !== undefined) return number;
    }
  }
}
