import type { Automaton, Room } from "@sluice/literals";
import { type ByteSet, closure, type Edge, type State } from "./screen-nfa.ts";

/** States of a lazily built automaton; beyond that it starts anew. */
const MAX_STATES = 500;
/** Bytes after which a text that still might match counts as one that does. */
const MAX_STEPS = 1024;

const UNKNOWN = 0;
const DEAD = 1;
const ACCEPTED = 2;
/** Rows are at least this long, so that the offset of a row is none of the above. */
const SHORTEST_ROW = 3;
const FIRST_ROWS = 16;

/** A walk over an automaton: which of its edges to take, and where it has to arrive. */
export interface Walk {
  readonly from: ReadonlySet<State>;
  readonly goals: ReadonlySet<State>;
  /** It may also begin at any later place. */
  readonly anywhere?: boolean;
}

/** Where the tables of an automaton go. */
export interface TableRoom {
  /** Null when there is none. */
  allocate(bytes: number): Room | null;
}

/**
 * Tells whether a text that begins at some place leads from one of some states to a goal. Its states are made as texts
 * need them. A state is the offset of its row in a table that has a column for each class of bytes; few classes keep the
 * table in the processor's nearest cache, which is what the speed depends on.
 */
export class LazyDfa {
  readonly #walk: Walk;
  readonly #room: TableRoom | undefined;
  readonly #moved: (() => void) | undefined;
  /** Both lie in the room that was given. */
  #shared = true;
  readonly #classes: Room;
  readonly #width: number;
  readonly #numbers = new Map<string, number>();
  readonly #sets: State[][] = [];
  #table: Uint16Array<ArrayBuffer>;
  readonly #start: number;

  /** @param moved Called when `automaton` is another one from now on. */
  constructor(walk: Walk, room?: TableRoom, moved?: () => void) {
    this.#walk = walk;
    this.#room = room;
    this.#moved = moved;
    const { classes, count } = byteClasses(walk.from);
    this.#classes = this.#allocate(classes.length);
    this.#classes.set(classes);
    this.#width = Math.max(count, SHORTEST_ROW);
    this.#table = this.#newTable(FIRST_ROWS * this.#width);
    this.#start = this.#number(walk.from);
  }

  /** The same for others who walk, as far as it is made; null where its tables do not lie in the room that was given. */
  get automaton(): Automaton | null {
    return this.#shared ? { table: this.#table, classes: this.#classes, start: this.#start } : null;
  }

  #allocate(bytes: number): Room {
    const room = this.#room?.allocate(bytes);
    if (room) return room;
    this.#shared = false;
    return new Uint8Array(bytes);
  }

  #newTable(cells: number): Uint16Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.#allocate(2 * cells);
    return new Uint16Array(buffer, byteOffset, cells);
  }

  /**
   * @param step 1 or -1: the direction.
   * @param stop A byte that ends the text, or -1.
   * @param open The text may go on behind `end`: what might still match there counts as a match.
   */
  matches(bytes: Uint8Array, start: number, end: number, step: 1 | -1, stop: number, open: boolean): boolean {
    let state = this.#start;
    if (state <= ACCEPTED) return state === ACCEPTED;
    const classes = this.#classes;
    let table = this.#table;
    const last = start + step * MAX_STEPS;
    for (let at = start; at !== end; at += step) {
      const byte = bytes[at] as number;
      if (byte === stop) return false;
      if (at === last) return true;
      const next = table[state + (classes[byte] as number)] as number;
      if (next === UNKNOWN) {
        state = this.#next(state, byte);
        table = this.#table;
      } else state = next;
      if (state <= ACCEPTED) return state === ACCEPTED;
    }
    return open;
  }

  #next(state: number, byte: number): number {
    const targets = new Set<State>();
    const from = this.#sets[state / this.#width - 1] as State[];
    for (const { edges } of from) for (const { bytes, to } of edges) if (bytes[byte] === 1) targets.add(to);
    if (this.#walk.anywhere) for (const first of this.#walk.from) targets.add(first);
    const full = this.#sets.length >= MAX_STATES || (this.#sets.length + 2) * this.#width > 0xffff;
    if (full) this.#forget();
    const number = this.#number(targets);
    if (!full) this.#table[state + (this.#classes[byte] as number)] = number;
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
    const number = this.#sets.push(set) * this.#width;
    if (number + this.#width > this.#table.length) this.#grow();
    this.#numbers.set(key, number);
    return number;
  }

  #grow(): void {
    const grown = this.#newTable(this.#table.length * 2);
    grown.set(this.#table);
    this.#table = grown;
    this.#moved?.();
  }

  /** Forgets all states but the first. */
  #forget(): void {
    this.#numbers.clear();
    this.#table.fill(UNKNOWN);
    this.#sets.length = 0;
    this.#number(this.#walk.from);
  }
}

/** Bytes of one class are together in every edge that can be reached. */
function byteClasses(from: ReadonlySet<State>): { classes: Uint8Array; count: number } {
  const sets = new Set<ByteSet>();
  const reached = new Set<State>(from);
  for (const { free, edges } of reached) {
    for (const to of free) reached.add(to);
    for (const { bytes, to } of edges) {
      sets.add(bytes);
      reached.add(to);
    }
  }
  const classes = new Uint8Array(256);
  const sizes = [256];
  for (const set of sets) split(classes, sizes, set);
  return { classes, count: sizes.length };
}

/** Makes classes of their own for the bytes of a set, where it has not all of a class. */
function split(classes: Uint8Array, sizes: number[], set: ByteSet): void {
  const inside = sizes.map(() => 0);
  for (let byte = 0; byte < 256; byte++) if (set[byte] === 1) (inside[classes[byte] as number] as number)++;
  const own = inside.map((count, old) => {
    if (count === 0 || count === sizes[old]) return old;
    (sizes[old] as number) -= count;
    return sizes.push(count) - 1;
  });
  for (let byte = 0; byte < 256; byte++) {
    if (set[byte] === 1) classes[byte] = own[classes[byte] as number] as number;
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
