import { readFileSync } from "node:fs";
import { AnalysisFile, analysisFile } from "./analysis-file.ts";
import { ANALYSES } from "./prepared.ts";
import type { Rule } from "./rule.ts";
import { ALL_RULES } from "./rules/index.ts";
import { type Cuts, cutsOf } from "./screen-cuts.ts";
import { type Nfa, nfaOf } from "./screen-nfa.ts";
import { type Starts, startsOf } from "./starts.ts";

/** What a gate has to know of a rule, and a matcher. */
export interface Analysis extends Cuts {
  readonly nfa: Nfa;
  /** Null: matches may begin anywhere around a keyword. */
  readonly starts: Starts | null;
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

/** Where matches of a rule begin, seen from a keyword; null: anywhere around it. */
export function startsIn(rule: Rule): Starts | null {
  const number = ANALYSES ? ALL_RULES.indexOf(rule) : -1;
  return number < 0 ? (analysisOf(rule)?.starts ?? null) : preparedFile(ANALYSES as URL).starts(number);
}

/** An analysis worked out anew. */
export function analyse(rule: Rule): Analysis | null {
  try {
    const nfa = nfaOf(rule);
    const keywords = keywordsIn(rule);
    const cuts = cutsOf(nfa, keywords);
    return { nfa, ...cuts, starts: cuts.avoidable || keywords.length === 0 ? null : startsOf(rule, nfa, keywords) };
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
  return preparedFile(ANALYSES).read(ALL_RULES.indexOf(rule), keywordsIn(rule)) ?? undefined;
}

function preparedFile(at: URL): AnalysisFile {
  return (file ??= new AnalysisFile(readFileSync(at)));
}

/** The file of them. */
export function analysesOfAllRules(): Uint8Array {
  return analysisFile(ALL_RULES.map((rule) => ({ analysis: analyse(rule), keywords: keywordsIn(rule) })));
}
