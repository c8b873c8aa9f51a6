import type { Budget } from "./budget.ts";
import { byKeyword, groupBy } from "./group-rules.ts";
import { type KeywordFinder, keywordFinder } from "./keywords.ts";
import { type Match, Matcher } from "./matcher.ts";
import type { Rule, Shape } from "./rule.ts";
import { findShape } from "./shapes.ts";

/** Receives what a rule has found; `order` is the rule's place in the list. */
export type MatchVisitor = (order: number, match: Match) => void;

/** What is made of the rules for the first text: a program that only validates has none. */
class Tools {
  readonly matchers: readonly Matcher[];
  readonly finder: KeywordFinder;
  /** For each keyword the rules that have it. */
  readonly byKeyword: readonly (readonly number[])[];
  readonly byShape: ReadonlyMap<Shape, readonly number[]>;
  /** Rules that run over every text. */
  readonly everywhere: readonly number[];

  constructor(rules: readonly Rule[]) {
    this.matchers = rules.map((rule) => new Matcher(rule));
    const numbers = byKeyword(rules);
    this.finder = keywordFinder([...numbers.keys()]);
    this.byKeyword = [...numbers.values()];
    this.byShape = groupBy(rules, ({ shape }) => (shape === undefined ? [] : [shape]));
    this.everywhere = rules.flatMap((r, order) => (r.keywords.length === 0 && r.shape === undefined ? [order] : []));
  }
}

/** Finds what any of many rules takes for a secret: one pass for keywords, patterns only around these. */
export class Scanner {
  readonly #rules: readonly Rule[];
  #tools: Tools | undefined;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** Throws TextWithheld when the budget is used up. */
  scan(text: string, budget: Budget, visit: MatchVisitor): void {
    this.#tools ??= new Tools(this.#rules);
    const { matchers } = this.#tools;
    const candidates: number[] = [];
    try {
      collect(this.#tools, text, budget, candidates);
      for (const order of candidates) {
        budget.check();
        matchers[order]?.find(text, budget, (match) => visit(order, match));
      }
    } finally {
      for (const order of candidates) matchers[order]?.clear();
    }
  }
}

/** Marks where each rule has to look; `candidates` are those that have to look somewhere. */
function collect(tools: Tools, text: string, budget: Budget, candidates: number[]): void {
  const { matchers, finder, byKeyword, byShape, everywhere } = tools;
  const add = (orders: readonly number[], start: number, end: number): void => {
    for (const order of orders) if (matchers[order]?.add(start, end)) candidates.push(order);
  };
  const addKeyword = (orders: readonly number[], start: number, end: number): void => {
    for (const order of orders) if (matchers[order]?.addKeyword(start, end)) candidates.push(order);
  };
  add(everywhere, 0, text.length);
  for (const [shape, orders] of byShape) findShape(shape, text, (start, end) => add(orders, start, end));
  finder.find(
    text,
    (keyword, start, end) => addKeyword(byKeyword[keyword] as readonly number[], start, end),
    () => budget.check(),
  );
}
