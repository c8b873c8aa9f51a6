import type { Rule } from "../rule.ts";
import { addressRules } from "./addresses.ts";
import { cardRules } from "./cards.ts";
import { commandLineRules } from "./command-line.ts";
import { connectionStringRules } from "./connection-strings.ts";
import { contactRules } from "./contact.ts";
import { cryptoWalletRules } from "./crypto-wallets.ts";
import { genericRules } from "./generic.ts";
import { httpHeaderRules } from "./http-headers.ts";
import { ibanRules } from "./iban.ts";
import { jwtRules } from "./jwt.ts";
import { keyBodyRules } from "./key-body.ts";
import { markupSecretRules } from "./markup-secrets.ts";
import { nationalIdRules } from "./national-ids.ts";
import { passwordHashRules } from "./password-hashes.ts";
import { passwordRules } from "./passwords.ts";
import { privateKeyRules } from "./private-keys.ts";
import { providerRules } from "./providers.ts";
import { randomStringRules } from "./random-strings.ts";

/**
 * Every rule. Where two find overlapping text, the one further up gives the name, so what knows one provider's format
 * stands above what guesses from a keyword.
 */
export const ALL_RULES: readonly Rule[] = [
  // One line a table: `...providerRules,`. Specific ones first, generic ones last.
  ...privateKeyRules,
  ...keyBodyRules,
  ...providerRules,
  ...jwtRules,
  ...httpHeaderRules,
  ...connectionStringRules,
  ...passwordHashRules,
  ...commandLineRules,
  ...markupSecretRules,
  ...passwordRules,
  ...genericRules,
  ...randomStringRules,
  ...cardRules,
  ...ibanRules,
  ...contactRules,
  ...addressRules,
  ...nationalIdRules,
  ...cryptoWalletRules,
];
