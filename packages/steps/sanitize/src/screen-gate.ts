import type { Automaton, LiteralGate } from "@sluice/literals";
import { CONTEXT, DEFAULT_REACH } from "./matcher.ts";
import type { Rule } from "./rule.ts";
import { analysisOf } from "./screen-analysis.ts";
import { LazyDfa, reversed, type TableRoom, type Walk } from "./screen-dfa.ts";
import { closure, type Nfa, type State } from "./screen-nfa.ts";

/** A text, or the part of it that is looked at. */
export interface Span {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** A byte that ends it too, or -1. */
  readonly stop: number;
  /** It may go on behind `end` and before `start`. */
  readonly open: boolean;
}

/**
 * Says of places where a keyword stands whether one of its rules might find something there. Never says no wrongly: it
 * knows patterns without their look-arounds, and nothing of validators.
 */
export class Gate {
  /** Patterns of which a keyword is the first part that matters: what stands behind it decides. */
  readonly #ahead: LazyDfa | null;
  /** Patterns that a keyword ends. */
  readonly #back: LazyDfa | null;
  /** Patterns that only stand near a keyword. */
  readonly #near: LazyDfa | null;
  readonly #reach: number;
  /** A pattern could not be read. */
  #open = false;
  /** Where the last search in vain was and where it began: it went on to the end of the line. */
  #searched: Span | null = null;
  #from = 0;

  readonly #length: number;

  /** @param moved Called when `literalGate` is another one from now on. */
  constructor(keyword: string, rules: readonly Rule[], room?: TableRoom, moved?: () => void) {
    const ahead: Walk[] = [];
    const back: Walk[] = [];
    const near: Walk[] = [];
    for (const rule of rules) {
      const analysis = analysisOf(rule);
      if (analysis === null) {
        this.#open = true;
        continue;
      }
      const { nfa, byKeyword, avoidable } = analysis;
      const cuts = byKeyword.get(keyword);
      if (avoidable) near.push({ from: new Set([nfa.start]), goals: new Set([nfa.accept]) });
      else if (cuts === undefined) continue;
      else if (closure(cuts).has(nfa.accept)) back.push(backward(nfa, cuts));
      else ahead.push({ from: cuts, goals: new Set([nfa.accept]) });
    }
    const dfaOf = (walks: readonly Walk[], anywhere = false): LazyDfa | null =>
      walks.length === 0 ? null : new LazyDfa({ ...together(walks), anywhere }, room, moved);
    this.#ahead = dfaOf(ahead);
    this.#back = dfaOf(back);
    this.#near = dfaOf(near, true);
    this.#length = keyword.length;
    this.#reach = keyword.length + Math.max(0, ...rules.map(bytesBefore));
  }

  /** The same for the finder, as far as it is known; null when the finder cannot have it. */
  get literalGate(): LiteralGate | null {
    const automata = [this.#ahead, this.#back, this.#near].map((dfa) => dfa && (dfa.automaton ?? "elsewhere"));
    if (this.#open || automata.includes("elsewhere")) return null;
    const [ahead, back, near] = automata as [ahead: Automaton | null, back: Automaton | null, near: Automaton | null];
    return { length: this.#length, reach: this.#reach, ahead, back, near };
  }

  /** @param end - where the keyword ends */
  passes(text: Span, end: number): boolean {
    const { bytes, start: from, end: to, stop, open } = text;
    return (
      this.#open ||
      this.#ahead?.matches(bytes, end, to, 1, stop, open) === true ||
      // Back over the keyword itself, since the walk starts behind it.
      this.#back?.matches(bytes, end - 1, from - 1, -1, stop, open) === true ||
      (this.#near !== null && this.#search(this.#near, text, end))
    );
  }

  #search(near: LazyDfa, text: Span, end: number): boolean {
    const { bytes, start, stop, open } = text;
    const bound = Math.max(start, end - this.#reach);
    let from = end;
    while (from > bound && bytes[from - 1] !== stop) from--;
    if (this.#searched === text && this.#from === from) return false;
    if (near.matches(bytes, from, text.end, 1, stop, open)) return true;
    this.#searched = text;
    this.#from = from;
    return false;
  }
}

/** Bytes of a UTF-16 unit at most. */
const UNIT_BYTES = 3;

/** How many bytes before a keyword a rule may look. */
function bytesBefore({ reach }: Rule): number {
  return UNIT_BYTES * ((reach?.before ?? DEFAULT_REACH.before) + CONTEXT);
}

function backward({ states, start }: Nfa, cuts: ReadonlySet<State>): Walk {
  const turned = reversed(states);
  const of = (state: State): State => turned.get(state) as State;
  return { from: new Set([...cuts].map(of)), goals: new Set([of(start)]) };
}

function together(walks: readonly Walk[]): Walk {
  const from = new Set(walks.flatMap((walk) => [...walk.from]));
  const goals = new Set(walks.flatMap((walk) => [...walk.goals]));
  return { from, goals };
}
