import type { Rule } from "../../rule.ts";
import { ibanAtStartOf } from "../../validators/iban.ts";

/** Country, check digits and 11 to 30 characters, in groups or not. What follows the longest IBAN is cut off. */
const PATTERN = String.raw`(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])`;

const isIbanText = (text: string): boolean => ibanAtStartOf(text) !== undefined;

/** International bank account numbers. */
export const ibanRules: readonly Rule[] = [
  {
    name: "iban",
    title: "international bank account number with valid check digits",
    sets: ["default", "pii"],
    keywords: ["iban", "abna", "asnb", "bunq", "ingb", "knab", "rabo", "rbrb", "snsb", "trio", "fvlb", "125kzt"],
    shape: "long-number",
    pattern: PATTERN,
    reach: { before: 40, after: 40 },
    validate: isIbanText,
    positive: [
      "to ⟦DE89370400440532013000⟧.",
      "IBAN: ⟦GB29 NWBK 6016 1331 9268 19⟧",
      "⟦NL91ABNA0417164300⟧",
      "⟦NO9386011117947⟧",
    ],
    negative: ["DE89370400440532013001", "AL47 212A 1009 0000 0002 3569 8741", "XX89370400440532013000"],
    source: "SWIFT IBAN registry",
  },
  {
    name: "iban-short-number",
    title: "international bank account number with few digits in a row",
    sets: ["pii"],
    keywords: [],
    pattern: PATTERN,
    validate: isIbanText,
    positive: ["⟦KZ86 125K ZT50 0410 0100⟧"],
    negative: ["KZ86 125K ZT50 0410 0101"],
    source: "SWIFT IBAN registry",
  },
];
