import type { LiteralFinder } from "@sluice/literals";
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
    const byText = new Map<string, Rule[]>();
    for (const rule of rules) {
      for (const text of new Set(rule.keywords.map((keyword) => keyword.toLowerCase()))) {
        const own = byText.get(text);
        if (own) own.push(rule);
        else byText.set(text, [rule]);
      }
    }
    this.#keywords = Array.from(byText, ([text, own]) => ({ text, rules: own, hits: 0 }));
    this.finder = sharedFinder([...byText.keys()], this);
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
