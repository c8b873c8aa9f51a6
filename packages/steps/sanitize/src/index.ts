export type { Rule, RuleSet } from "./rule.ts";
