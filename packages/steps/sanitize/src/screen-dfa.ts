import { closure, type Edge, type State } from "./screen-nfa.ts";

/** States of a lazily built automaton; beyond that it starts anew. */
const MAX_STATES = 512;
/** Bytes after which a text that still might match counts as one that does. */
const MAX_STEPS = 1024;
/** Bytes on the other side of a line end within which a secret has to be reached from its keyword. */
const ACROSS = 256;
const NEWLINE = 10;

const UNKNOWN = 0;
const DEAD = 1;
const ACCEPTED = 2;
const FIRST = 3;
const ROW = 256;

/** A walk over an automaton: which of its edges to take, and where it has to arrive. */
export interface Walk {
  readonly from: ReadonlySet<State>;
  readonly goals: ReadonlySet<State>;
  /** It may also begin at any later place. */
  readonly anywhere?: boolean;
}

/**
 * Tells whether a text that begins at some place leads from one of some states to a goal. Its states are made as texts
 * need them.
 */
export class LazyDfa {
  readonly #walk: Walk;
  readonly #numbers = new Map<string, number>();
  /** A row of 256 for each state, which names the state behind each byte. */
  #table = new Uint16Array(16 * ROW);
  #sets: State[][] = [];
  readonly #start: number;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#start = this.#number(walk.from);
  }

  /**
   * @param step 1 or -1: the direction.
   * @param stop A byte that ends the text, or -1.
   * @param open Lines belong together, and the text may go on behind `end`: what might still match there counts as a
   * match. What is still undecided long after a line end does not: gaps have no bounds here, and most patterns have one.
   */
  matches(bytes: Uint8Array, start: number, end: number, step: 1 | -1, stop: number, open: boolean): boolean {
    let state = this.#start;
    if (state < FIRST) return state === ACCEPTED;
    let table = this.#table;
    let last = start + step * MAX_STEPS;
    let crossed = false;
    for (let at = start; at !== end; at += step) {
      if (at === last) return !crossed;
      const byte = bytes[at] as number;
      if (byte === stop) return false;
      if (byte === NEWLINE && open && !crossed) {
        crossed = true;
        last = at + step * ACROSS;
      }
      const known = table[state * ROW + byte] as number;
      state = known === UNKNOWN ? this.#next(state, byte) : known;
      if (known === UNKNOWN) table = this.#table;
      if (state < FIRST) return state === ACCEPTED;
    }
    return open;
  }

  #next(state: number, byte: number): number {
    const targets = new Set<State>();
    const from = this.#sets[state - FIRST] as State[];
    for (const { edges } of from) for (const { bytes, to } of edges) if (bytes[byte] === 1) targets.add(to);
    if (this.#walk.anywhere) for (const first of this.#walk.from) targets.add(first);
    const full = this.#sets.length >= MAX_STATES;
    if (full) this.#forget();
    const number = this.#number(targets);
    if (!full) this.#table[state * ROW + byte] = number;
    return number;
  }

  #number(states: ReadonlySet<State>): number {
    const all = closure(states);
    for (const state of all) if (this.#walk.goals.has(state)) return ACCEPTED;
    const set = [...all].filter(({ edges }) => edges.length > 0).sort((a, b) => a.id - b.id);
    if (set.length === 0) return DEAD;
    const key = set.map(({ id }) => id).join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sets.push(set) - 1 + FIRST;
    if ((number + 1) * ROW > this.#table.length) this.#grow();
    this.#numbers.set(key, number);
    return number;
  }

  #grow(): void {
    const grown = new Uint16Array(this.#table.length * 2);
    grown.set(this.#table);
    this.#table = grown;
  }

  /** Forgets all states but the first. */
  #forget(): void {
    this.#numbers.clear();
    this.#table.fill(UNKNOWN);
    this.#sets = [];
    this.#number(this.#walk.from);
  }
}

/** The same automaton with all its ways turned round. */
export function reversed(states: Iterable<State>): Map<State, State> {
  const turned = new Map<State, State>();
  for (const state of states) turned.set(state, { id: state.id, free: [], edges: [] });
  for (const [state, own] of turned) {
    for (const to of state.free) turned.get(to)?.free.push(own);
    for (const { bytes, to } of state.edges) (turned.get(to)?.edges as Edge[] | undefined)?.push({ bytes, to: own });
  }
  return turned;
}
