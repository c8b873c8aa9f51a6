import type { Rule } from "../../rule.ts";
import { commandLineRules } from "./command-line.ts";
import { connectionStringRules } from "./connection-strings.ts";
import { genericRules } from "./generic.ts";
import { httpHeaderRules } from "./http-headers.ts";
import { jwtRules } from "./jwt.ts";
import { markupSecretRules } from "./markup-secrets.ts";
import { passwordHashRules } from "./password-hashes.ts";
import { passwordRules } from "./passwords.ts";
import { randomStringRules } from "./random-strings.ts";
import { statementRules } from "./statements.ts";

/** Credentials that no provider gives out, and what only its surroundings show to be a secret. Specific ones first. */
export const credentialRules: readonly Rule[] = [
  ...jwtRules,
  ...httpHeaderRules,
  ...connectionStringRules,
  ...passwordHashRules,
  ...commandLineRules,
  ...markupSecretRules,
  ...passwordRules,
  ...statementRules,
  ...genericRules,
  ...randomStringRules,
];
