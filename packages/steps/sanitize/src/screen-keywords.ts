import type { LiteralFinder } from "@sluice/literals";
import { byKeyword } from "./group-rules.ts";
import { sharedFinder } from "./keywords.ts";
import type { Rule } from "./rule.ts";
import { Gate, type Span } from "./screen-gate.ts";

/** A keyword, and the gate once it is worth one. */
interface Keyword {
  readonly text: string;
  readonly rules: readonly Rule[];
  hits: number;
  gate?: Gate;
}

/** The keywords of some rules, a finder of them, and what has to stand around each. */
export class ScreenKeywords {
  readonly finder: LiteralFinder;
  readonly rules: readonly Rule[];
  readonly #keywords: readonly Keyword[];

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
    const numbers = byKeyword(rules);
    this.#keywords = Array.from(numbers, ([text, own]) => ({
      text,
      rules: own.map((number) => rules[number] as Rule),
      hits: 0,
    }));
    this.finder = sharedFinder([...numbers.keys()], this);
  }

  /**
   * Whether a rule might find something around a keyword.
   *
   * @param hitsBeforeGate How often it may occur before it gets a gate; until then there might be something.
   * @param around The part of the text that the keyword is in.
   */
  passes(number: number, start: number, hitsBeforeGate: number, around: () => Span): boolean {
    const keyword = this.#keywords[number] as Keyword;
    if (keyword.hits++ < hitsBeforeGate) return true;
    keyword.gate ??= this.#newGate(number, keyword);
    return keyword.gate.passes(around(), start + keyword.text.length);
  }

  #newGate(number: number, { text, rules }: Keyword): Gate {
    const { gates } = this.finder;
    const gate: Gate = new Gate(text, rules, gates, () => gates.set(number, gate.literalGate));
    gates.set(number, gate.literalGate);
    return gate;
  }
}

let latest: ScreenKeywords | undefined;

/** Several screens of the same rules, of which one works at a time, need their tables only once. */
export function keywordsOf(rules: readonly Rule[]): ScreenKeywords {
  const isSame = latest?.rules.length === rules.length && latest.rules.every((rule, i) => rule === rules[i]);
  if (!latest || !isSame) latest = new ScreenKeywords(rules);
  return latest;
}
