import type { ByteSet, Nfa, State } from "./screen-nfa.ts";

/** A pattern that takes longer to walk through counts as one that can avoid its keywords. */
const MAX_STEPS = 20_000;

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
  let steps = 0;
  const tracker = new Tracker(keywords);
  const byKeyword = new Map<string, Set<State>>();
  const visited = new Map<State, Set<string>>();
  const open: [state: State, seen: string][] = [];
  const visit = (state: State, seen: string): void => {
    const before = visited.get(state);
    if (before?.has(seen)) return;
    if (before) before.add(seen);
    else visited.set(state, new Set([seen]));
    open.push([state, seen]);
  };
  visit(nfa.start, "");
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
  return { byKeyword, avoidable: visited.has(nfa.accept) };
}

/** Follows which beginning of a keyword the text so far ends with. */
class Tracker {
  readonly #beginnings = new Set<string>([""]);
  readonly #keywords: readonly string[];
  readonly #chars: readonly string[];
  readonly #next = new Map<string, string>();
  readonly #charsIn = new Map<ByteSet, readonly string[]>();

  constructor(keywords: readonly string[]) {
    // The longest first: of several that end at the same place, one is enough.
    this.#keywords = keywords.toSorted((a, b) => b.length - a.length);
    for (const word of keywords) for (let i = 1; i <= word.length; i++) this.#beginnings.add(word.slice(0, i));
    this.#chars = [...new Set(keywords.join(""))];
  }

  completed(seen: string): string | undefined {
    return this.#keywords.find((word) => seen.endsWith(word));
  }

  /** What may be seen after one of these bytes. */
  steps(seen: string, bytes: ByteSet): Set<string> {
    const after = new Set<string>();
    for (const char of this.#relevant(bytes)) after.add(char === "" ? "" : this.#step(seen, char));
    return after;
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

  #step(seen: string, char: string): string {
    const key = seen + char;
    let after = this.#next.get(key);
    if (after === undefined) {
      after = key;
      while (!this.#beginnings.has(after)) after = after.slice(1);
      this.#next.set(key, after);
    }
    return after;
  }
}
