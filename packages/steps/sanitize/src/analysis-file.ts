import type { Analysis } from "./screen-analysis.ts";
import { type ByteSet, closure, type Edge, type Nfa, newState, type State } from "./screen-nfa.ts";
import type { Starts } from "./starts.ts";

// The analyses of rules as 16-bit words: their number, how many sets of bytes there are, where each analysis begins (two
// words), the sets (a bit for each byte), the analyses. An analysis: 1, or 0 alone when there is none; where matches begin
// (two words); avoidable; the automaton; the keywords. The automaton: its states, the first of which is its start; a state: whether it is the end,
// its edges; an edge: number of its set and its state. A keyword: its number and its states. What there are several of
// has their number before it.

const SET_WORDS = 16;
const HEADER = 2;
/** Matches may begin anywhere. */
const ANYWHERE = 0xffff;

interface Entry {
  readonly analysis: Analysis | null;
  /** In lower case. */
  readonly keywords: readonly string[];
}

/** Writes analyses so that {@link AnalysisFile} gives them back, with automata that take the same texts. */
export function analysisFile(entries: readonly Entry[]): Uint8Array {
  const sets = new SetTable();
  const bodies = entries.map((entry) => bodyOf(entry, sets));
  const begin = HEADER + 2 * bodies.length + sets.words.length;
  const places: number[] = [];
  let at = begin;
  for (const body of bodies) {
    places.push(at & 0xffff, at >>> 16);
    at += body.length;
  }
  const words = Uint16Array.from([bodies.length, sets.count, ...places, ...sets.words, ...bodies.flat()]);
  return new Uint8Array(words.buffer);
}

class SetTable {
  readonly words: number[] = [];
  readonly #numbers = new Map<string, number>();

  get count(): number {
    return this.#numbers.size;
  }

  number(set: ByteSet): number {
    const words = Array.from({ length: SET_WORDS }, (_, word) =>
      set.subarray(16 * word, 16 * word + 16).reduce((bits, has, bit) => bits | (has << bit), 0),
    );
    const key = words.join();
    let number = this.#numbers.get(key);
    if (number === undefined) {
      this.#numbers.set(key, (number = this.#numbers.size));
      this.words.push(...words);
    }
    return number;
  }
}

function bodyOf({ analysis, keywords }: Entry, sets: SetTable): number[] {
  if (!analysis) return [0];
  const { nfa, starts, avoidable, byKeyword } = analysis;
  const states = leanStates(nfa);
  const numbers = new Map([...states.keys()].map((state, number) => [state, number]));
  const body = [1, starts?.before ?? ANYWHERE, starts?.after ?? ANYWHERE, avoidable ? 1 : 0, states.size];
  for (const { isEnd, edges } of states.values()) {
    body.push(isEnd ? 1 : 0, edges.size);
    for (const [to, bytes] of edges) body.push(sets.number(bytes), numbers.get(to) as number);
  }
  body.push(byKeyword.size);
  for (const [keyword, cuts] of byKeyword) {
    const kept = [...cuts].flatMap((state) => numbers.get(state) ?? []);
    body.push(keywords.indexOf(keyword), kept.length, ...kept);
  }
  return body;
}

interface LeanState {
  readonly isEnd: boolean;
  readonly edges: ReadonlyMap<State, ByteSet>;
}

/** The states that matter: the first one, and those that a byte leads to; without steps that take no byte. */
function leanStates({ start, accept }: Nfa): Map<State, LeanState> {
  const states = new Map<State, LeanState>();
  const open = [start];
  for (let state = open.pop(); state; state = open.pop()) {
    if (states.has(state)) continue;
    const reached = closure([state]);
    const edges = new Map<State, ByteSet>();
    for (const { bytes, to } of [...reached].flatMap((one) => one.edges)) {
      const other = edges.get(to);
      edges.set(to, other ? bytes.map((has, byte) => has | (other[byte] as number)) : bytes);
    }
    states.set(state, { isEnd: reached.has(accept), edges });
    open.push(...edges.keys());
  }
  return states;
}

/** Reads what `analysisFile` has written. */
export class AnalysisFile {
  readonly #words: Uint16Array;
  readonly #setsAt: number;
  readonly #sets: ByteSet[] = [];

  constructor(bytes: Uint8Array) {
    // A copy: a file's bytes may begin at an odd address.
    this.#words = new Uint16Array(bytes.slice().buffer);
    this.#setsAt = HEADER + 2 * this.#word(0);
  }

  /**
   * The analysis of the rule with this number, undefined when there is none with it.
   *
   * @param keywords Of the rule, in lower case.
   */
  read(rule: number, keywords: readonly string[]): Analysis | null | undefined {
    if (rule < 0 || rule >= this.#word(0)) return undefined;
    let at = this.#place(rule);
    if (this.#word(at) === 0) return null;
    const starts = this.starts(rule);
    at += 3;
    const avoidable = this.#word(at++) === 1;
    const states = Array.from({ length: this.#word(at++) }, newState);
    const accept = newState();
    for (const { free, edges } of states) {
      if (this.#word(at++) === 1) free.push(accept);
      for (let left = this.#word(at++); left > 0; left--) edges.push(this.#edge(at++, at++, states));
    }
    const byKeyword = new Map<string, ReadonlySet<State>>();
    for (let left = this.#word(at++); left > 0; left--) {
      const keyword = keywords[this.#word(at++)] as string;
      const cuts = Array.from({ length: this.#word(at++) }, () => states[this.#word(at++)] as State);
      byKeyword.set(keyword, new Set(cuts));
    }
    return { nfa: { start: states[0] as State, accept, states: [...states, accept] }, starts, avoidable, byKeyword };
  }

  /** Where matches of the rule with this number begin; null: anywhere. */
  starts(rule: number): Starts | null {
    const at = this.#place(rule);
    if (this.#word(at) === 0 || this.#word(at + 1) === ANYWHERE) return null;
    return { before: this.#word(at + 1), after: this.#word(at + 2) };
  }

  #place(rule: number): number {
    const place = HEADER + 2 * rule;
    return this.#word(place) | (this.#word(place + 1) << 16);
  }

  #edge(set: number, to: number, states: readonly State[]): Edge {
    return { bytes: this.#set(this.#word(set)), to: states[this.#word(to)] as State };
  }

  #set(number: number): ByteSet {
    return (this.#sets[number] ??= Uint8Array.from({ length: 256 }, (_, byte) => {
      const word = this.#word(this.#setsAt + SET_WORDS * number + (byte >> 4));
      return (word >> (byte & 15)) & 1;
    }));
  }

  #word(at: number): number {
    return this.#words[at] as number;
  }
}
