import type { Rule } from "../../rule.ts";
import { addressRules } from "./addresses.ts";
import { cardRules } from "./cards.ts";
import { contactRules } from "./contact.ts";
import { cryptoWalletRules } from "./crypto-wallets.ts";
import { ibanRules } from "./iban.ts";
import { nationalIdRules } from "./national-ids.ts";

/** What tells of a person: cards and accounts, ways to reach them, numbers that states give. */
export const personalRules: readonly Rule[] = [
  ...cardRules,
  ...ibanRules,
  ...contactRules,
  ...addressRules,
  ...nationalIdRules,
  ...cryptoWalletRules,
];
