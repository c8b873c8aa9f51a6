export type { Action } from "./action.ts";
export { ACTIONS } from "./action.ts";
export { Budget, TextWithheld } from "./budget.ts";
export { type LineFinding, LineSanitizer, type LineSanitizerOptions } from "./line-sanitizer.ts";
export type { Rule, RuleSet, Shape } from "./rule.ts";
export { ALL_RULES } from "./rules/index.ts";
export { createSanitizer, type Finding, type Sanitizer, type SanitizerOptions } from "./sanitizer.ts";
export { selectRules } from "./select.ts";
