import type { Rule } from "../../rule.ts";
import { digitsOf, passesLuhn } from "../../validators/luhn.ts";

/** Leading digits and lengths that issuers use; 8 to 16 digits of a card would be too little to go by. */
const ISSUERS =
  /^(?:4(?:\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11}|3(?:0[0-59]|[689]\d)\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|(?:5018|5020|5038|5893|6304|6390|6759|676[1-3])\d{12}(?:\d{2,3})?|9792\d{12}|220[0-4]\d{12}|8[16]\d{14}|506[01]\d{12,15}|60\d{14})$/;

/** Groups as cards bear them; other groupings are sums, times, versions. */
const GROUPS =
  /^(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{4}([ -])\d{3,5}\3\d{3,5}\3\d{3,5})$/;

function isCard(text: string): boolean {
  const digits = digitsOf(text);
  return GROUPS.test(text) && ISSUERS.test(digits) && passesLuhn(digits) && !/^(\d)\1+$/.test(digits);
}

/** Card numbers. */
export const cardRules: readonly Rule[] = [
  {
    name: "credit-card",
    title: "payment card number: an issuer's prefix and length, Luhn check",
    sets: ["default", "pii"],
    keywords: [],
    shape: "long-number",
    // Behind a digit and a space, as in columns, only an unbroken number is one: groups might be those of a longer one.
    pattern: String.raw`(?:(?<![\w.+/-]|\d[ ])(?!1[5-9]\d{11}(?!\d))\d(?:[ -]?\d){12,18}|(?<=\d[ ])(?!1[5-9]\d{11}(?!\d))\d{13,19})(?![\w/+=]|-\w|\.\d|[ ]\d{3})`,
    validate: isCard,
    positive: [
      "paid with ⟦4111111111111111⟧ today",
      "card=⟦4012-8888-8888-1881⟧",
      "⟦3714 496353 98431⟧",
      "order 42 ⟦4111111111111111⟧ paid",
    ],
    negative: [
      "4012-8888-8888-1882",
      "epoch 1700000000000",
      "request 4111111111111112",
      "123e4567-e89b-12d3-a456-426614174000",
      "id 4111111111111111abcdef",
    ],
  },
  {
    name: "card-like-number",
    title: "number that passes the Luhn check and begins like a card's",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<!\d)(?!1\d{12}(?!\d))(?:4\d{3}|5[0-5]\d{2}|6\d{3}|1\d{3}|3\d{3})[- ]?\d{3,4}[- ]?\d{3,4}[- ]?\d{3,5}(?!\d)`,
    validate: (text) => passesLuhn(digitsOf(text)),
    positive: ["⟦122000000000003⟧"],
    negative: ["36168002586008"],
    source: "presidio CreditCardRecognizer (MIT)",
  },
];
