import type { Rule } from "../rule.ts";
import { credentialRules } from "./credentials/index.ts";
import { keyBodyRules } from "./credentials/key-body.ts";
import { privateKeyRules } from "./credentials/private-keys.ts";
import { personalRules } from "./personal/index.ts";
import { providerRules } from "./providers/index.ts";

/**
 * Every rule. Where two find overlapping text, the one further up gives the name, so what knows one provider's format
 * stands above what guesses from a keyword.
 */
export const ALL_RULES: readonly Rule[] = [
  ...privateKeyRules,
  ...keyBodyRules,
  ...providerRules,
  ...credentialRules,
  ...personalRules,
];
