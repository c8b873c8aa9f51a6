import type { Rule } from "./rule.ts";
import { accepts, cutsOf } from "./screen-cuts.ts";
import { LazyDfa, reversed, type Walk } from "./screen-dfa.ts";
import { type Nfa, nfaOf, type State } from "./screen-nfa.ts";

/** A text, or the part of it that is looked at. */
export interface Span {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** A byte that ends it too, or -1. */
  readonly stop: number;
  /** It may go on before `start` and behind `end`. */
  readonly open: boolean;
}

/**
 * Says of places where a keyword stands whether a pattern might match there, from the bytes before or behind. Never says
 * no wrongly: it knows patterns without their look-arounds, and nothing of validators.
 */
export interface Gate {
  /** @param end - where the keyword ends */
  passes(text: Span, end: number): boolean;
}

const OPEN: Gate = { passes: () => true };

/** Makes the gate of one keyword, in lower case, for the rules that have it. */
export function gateOf(keyword: string, rules: readonly Rule[]): Gate {
  const ahead: Walk[] = [];
  const back: Walk[] = [];
  for (const rule of rules) {
    const nfa = nfaOf(rule);
    const { byKeyword, avoidable } = cutsOf(
      nfa,
      rule.keywords.map((word) => word.toLowerCase()),
    );
    // A window may then hold a match without any keyword.
    if (avoidable && rule.shape === undefined) return OPEN;
    const cuts = byKeyword.get(keyword);
    if (cuts === undefined) continue;
    if (accepts(cuts, nfa.accept)) back.push(backward(nfa, cuts));
    else ahead.push({ from: cuts, goals: new Set([nfa.accept]) });
  }
  return new TwoWayGate(dfaOf(ahead), dfaOf(back));
}

function backward({ states, start }: Nfa, cuts: ReadonlySet<State>): Walk {
  const turned = reversed(states);
  const of = (state: State): State => turned.get(state) as State;
  return { from: new Set([...cuts].map(of)), goals: new Set([of(start)]) };
}

function dfaOf(walks: readonly Walk[]): LazyDfa | null {
  if (walks.length === 0) return null;
  return new LazyDfa({
    from: new Set(walks.flatMap(({ from }) => [...from])),
    goals: new Set(walks.flatMap(({ goals }) => [...goals])),
  });
}

class TwoWayGate implements Gate {
  readonly #ahead: LazyDfa | null;
  readonly #back: LazyDfa | null;

  constructor(ahead: LazyDfa | null, back: LazyDfa | null) {
    this.#ahead = ahead;
    this.#back = back;
  }

  passes({ bytes, start: from, end: to, stop, open }: Span, end: number): boolean {
    return (
      this.#ahead?.matches(bytes, end, to, 1, stop, open) === true ||
      // Back over the keyword itself, since the walk starts behind it.
      this.#back?.matches(bytes, end - 1, from - 1, -1, stop, open) === true
    );
  }
}
