import type { Rule } from "../rule.ts";

/**
 * Every rule. Where two find overlapping text, the one further up gives the name, so what knows one provider's format
 * stands above what guesses from a keyword.
 */
export const ALL_RULES: readonly Rule[] = [
  // One line a table: `...providerRules,`. Specific ones first, generic ones last.
];
