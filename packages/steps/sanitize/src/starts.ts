import { type AST, RegExpParser } from "@eslint-community/regexpp";
import type { Rule } from "./rule.ts";
import { Tracker } from "./screen-cuts.ts";
import { isFree, type Nfa, type State } from "./screen-nfa.ts";

/**
 * Where the matches of a pattern begin that contain a keyword: so many characters before their first one begins, and so
 * many behind that at most, where it is a look-behind that contains it.
 */
export interface Starts {
  readonly before: number;
  readonly after: number;
}

/** Patterns that may begin further away from their keyword are looked for all around it. */
const MOST = 64;

/**
 * Works out where matches begin. Null: further away than is worth knowing.
 *
 * @param nfa of the rule, as `nfaOf` gives it: each match contains a keyword
 * @param keywords in lower case
 */
export function startsOf({ pattern }: Pick<Rule, "pattern">, nfa: Nfa, keywords: readonly string[]): Starts | null {
  const before = lead(nfa, new Tracker(keywords), Math.max(...keywords.map(({ length }) => length)));
  const after = anyWidth(new RegExpParser({ ecmaVersion: 2025 }).parsePattern(pattern).alternatives, firstWidth);
  return before <= MOST && after <= MOST ? { before, after } : null;
}

/** The longest way through the automaton to where a keyword begins that is the first one, in characters. */
function lead(nfa: Nfa, tracker: Tracker, longest: number): number {
  let most = 0;
  let level = new Ways([[nfa.start, 0]]);
  for (let length = 1; level.size > 0; length++) {
    if (length > MOST + longest) return Number.POSITIVE_INFINITY;
    const next = new Ways([]);
    for (const [state, seen] of level) {
      for (const free of state.free) level.add(free, seen);
      for (const { bytes, to } of state.edges) {
        // The further bytes of a character: they stay where its first one has led.
        const isRest = to === state;
        for (const after of tracker.steps(seen, bytes)) {
          const keyword = tracker.completed(after);
          if (keyword !== undefined) most = Math.max(most, length - keyword.length);
          else (isRest ? level : next).add(to, after);
        }
      }
    }
    level = next;
  }
  return most;
}

/** States, each with what has been seen of keywords. What is added while they are gone through comes up too. */
class Ways {
  readonly #seen = new Map<State, Set<number>>();
  readonly #list: [State, number][] = [];

  constructor(ways: readonly [State, number][]) {
    for (const [state, seen] of ways) this.add(state, seen);
  }

  get size(): number {
    return this.#list.length;
  }

  add(state: State, seen: number): void {
    const known = this.#seen.get(state) ?? new Set();
    if (known.has(seen)) return;
    this.#seen.set(state, known.add(seen));
    this.#list.push([state, seen]);
  }

  [Symbol.iterator](): Iterator<[State, number]> {
    return this.#list[Symbol.iterator]();
  }
}

type WidthOf = (elements: readonly AST.Element[]) => number;

function anyWidth(alternatives: readonly AST.Alternative[], widthOf: WidthOf): number {
  return Math.max(0, ...alternatives.map(({ elements }) => widthOf(elements)));
}

/** Characters of the look-behind with which a pattern begins: the automaton has it as a part of the match. */
function firstWidth(elements: readonly AST.Element[]): number {
  const first = elements.find((element) => !isFree(element));
  if (first?.type === "Group" || first?.type === "CapturingGroup") return anyWidth(first.alternatives, firstWidth);
  return first?.type === "Assertion" && first.kind === "lookbehind" ? anyWidth(first.alternatives, width) : 0;
}

function width(elements: readonly AST.Element[]): number {
  return elements.reduce((sum, element) => sum + widthOfOne(element), 0);
}

function widthOfOne(element: AST.Element): number {
  if (isFree(element)) return 0;
  switch (element.type) {
    case "Group":
    case "CapturingGroup":
      return anyWidth(element.alternatives, width);
    case "Quantifier":
      return element.max * widthOfOne(element.element);
    case "Assertion":
    case "Backreference":
      return Number.POSITIVE_INFINITY;
    default:
      return 1;
  }
}
