import { describe, expect, test } from "vitest";
import { AnalysisFile } from "../src/analysis-file.ts";
import { ALL_RULES } from "../src/rules/index.ts";
import { type Analysis, analyse, analysesOfAllRules, keywordsIn } from "../src/screen-analysis.ts";
import { LazyDfa, reversed } from "../src/screen-dfa.ts";
import { closure, type State } from "../src/screen-nfa.ts";

const file = new AnalysisFile(analysesOfAllRules());

/** At which places of a text a match may begin, by the whole pattern, and what the states behind each keyword say. */
function verdicts({ nfa, byKeyword, avoidable }: Analysis, text: Uint8Array) {
  const goals = new Set([nfa.accept]);
  const ahead = (from: ReadonlySet<State>): boolean[] => {
    const dfa = new LazyDfa({ from, goals });
    return Array.from(text, (_, at) => dfa.matches(text, at, text.length, 1, -1, false));
  };
  const turned = reversed(nfa.states);
  const of = (state: State): State => turned.get(state) as State;
  const back = (cuts: ReadonlySet<State>): boolean[] => {
    const dfa = new LazyDfa({ from: new Set([...cuts].map(of)), goals: new Set([of(nfa.start)]) });
    return Array.from(text, (_, at) => dfa.matches(text, at, -1, -1, -1, false));
  };
  // Keywords behind which nothing can match are none.
  const keywords = [...byKeyword]
    .map(([keyword, cuts]) => ({ keyword, ends: closure(cuts).has(nfa.accept), cuts: ahead(cuts), back: back(cuts) }))
    .sort((a, b) => (a.keyword < b.keyword ? -1 : 1));
  return { avoidable, whole: ahead(new Set([nfa.start])), keywords };
}

describe("the file of analyses", () => {
  test("gives automata back that take the same texts, for each rule", { timeout: 300_000 }, () => {
    for (const [number, rule] of ALL_RULES.entries()) {
      const [anew, read] = [analyse(rule), file.read(number, keywordsIn(rule))];
      expect(read === null, rule.name).toBe(anew === null);
      if (!anew || !read) continue;
      expect(read.starts, rule.name).toEqual(anew.starts);
      expect(file.starts(number), rule.name).toEqual(anew.starts);
      for (const example of [...rule.positive.slice(0, 2), ...rule.negative.slice(0, 1)]) {
        const text = new TextEncoder().encode(example.replaceAll(/[⟦⟧]/g, "")).subarray(0, 300);
        expect(verdicts(read, text), `${rule.name}: ${example}`).toEqual(verdicts(anew, text));
      }
    }
  });

  test("knows no rule beyond the last one", () => {
    expect(file.read(ALL_RULES.length, [])).toBeUndefined();
    expect(file.read(-1, [])).toBeUndefined();
  });
});
