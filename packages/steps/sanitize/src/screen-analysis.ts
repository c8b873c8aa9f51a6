import { readFileSync } from "node:fs";
import { AnalysisFile, analysisFile } from "./analysis-file.ts";
import { ANALYSES } from "./prepared.ts";
import type { Rule } from "./rule.ts";
import { ALL_RULES } from "./rules/index.ts";
import { type Cuts, cutsOf } from "./screen-cuts.ts";
import { type Nfa, nfaOf } from "./screen-nfa.ts";

/** What a gate has to know of a rule. */
export interface Analysis extends Cuts {
  readonly nfa: Nfa;
}

const analyses = new WeakMap<Rule, Analysis | null>();
let file: AnalysisFile | undefined;

/** Null for a pattern that `RegExp` may understand, but the parser does not. */
export function analysisOf(rule: Rule): Analysis | null {
  let analysis = analyses.get(rule);
  if (analysis === undefined) {
    analysis = prepared(rule) ?? analyse(rule);
    analyses.set(rule, analysis);
  }
  return analysis;
}

/** The same worked out anew. */
export function analyse(rule: Rule): Analysis | null {
  try {
    const nfa = nfaOf(rule);
    return { nfa, ...cutsOf(nfa, keywordsIn(rule)) };
  } catch {
    return null;
  }
}

/** In lower case, as analyses name them. */
export function keywordsIn({ keywords }: Rule): string[] {
  return keywords.map((word) => word.toLowerCase());
}

/** What the build has worked out for the rules that sluice brings: a tenth of the time of each start went into it. */
function prepared(rule: Rule): Analysis | undefined {
  if (!ANALYSES) return undefined;
  file ??= new AnalysisFile(readFileSync(ANALYSES));
  return file.read(ALL_RULES.indexOf(rule), keywordsIn(rule)) ?? undefined;
}

/** The file of them. */
export function analysesOfAllRules(): Uint8Array {
  return analysisFile(ALL_RULES.map((rule) => ({ analysis: analyse(rule), keywords: keywordsIn(rule) })));
}
