import type { Rule } from "../../rule.ts";
import { digitsOf } from "../../validators/luhn.ts";

const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
const DAY = String.raw`(?:0?[1-9]|[12]\d|3[01])`;
const MONTH = String.raw`(?:0?[1-9]|1[0-2])`;

/** How persons are reached and called. */
export const contactRules: readonly Rule[] = [
  {
    name: "email",
    title: "e-mail address",
    sets: ["pii"],
    keywords: [],
    pattern: String.raw`(?<![\w.+-])[\w.!#$%&'*+/=?^{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?:[a-z]{2,24}|xn--[a-z0-9-]{2,40})(?![\w-])`,
    ignoreCase: true,
    positive: ["mail ⟦info@presidio.site⟧ now", "to=<⟦joe.doe+x@mail.example.com⟧>,"],
    negative: ["git@localhost", "user@host", "this is not an email: hello-world here"],
  },
  {
    name: "phone-number",
    title: "phone number: international, or grouped as in one of many countries",
    sets: ["pii"],
    keywords: [],
    pattern: [
      String.raw`\+[1-9]\d{0,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}\d`,
      String.raw`\([2-9]\d{2}\)[ .-]?\d{3}[ .-]?\d{4}`,
      String.raw`(?:1[ .-])?[2-9]\d{2}[.-]\d{3}[.-]\d{4}`,
      String.raw`0[ -]?\(?\d{2,4}\)?(?:[ -]\d{2,4}){1,4}`,
      String.raw`0[ -]?\(\d{2,4}\)[ -]?\d{6,8}`,
      String.raw`0\d{1,4}[-/ ]\d{6,8}`,
    ]
      .map((form) => String.raw`(?<![\w+.(/-]|\d )${form}(?![\w]|[.:/-]\d)`)
      .join("|"),
    validate: (text) => isPhoneLength(digitsOf(text)),
    positive: [
      "call ⟦+44 (20) 7123 4567⟧",
      "⟦(415) 555-0132⟧",
      "US: ⟦415-555-0132⟧",
      "⟦09-7625400⟧",
      "⟦0917 123 4567⟧",
    ],
    negative: ["2026-11-21 03:04:05", "1700000000", "192.168.100.200", "10.0.0.1"],
  },
  {
    name: "phone-digits",
    title: "run of digits as long as a phone number with its area code",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<![\d.+-])(?:0\d{9,10}|[2-5]\d{9}|1[3-9]\d{9}|5\d{2}(?:[ .-]\d{2,3}){3}|0?[2-5]\d{2}[ .-]\d{3}(?:[ .-]?\d{2}){2}|91-\d{3}-\d{3}-\d{4})(?![\d])`,
    positive: ["⟦09171234567⟧", "⟦5321234567⟧", "⟦13812345678⟧", "⟦532.123.45.67⟧"],
    negative: ["15053212345678", "9123456789"],
    source: "presidio PhoneRecognizer (MIT)",
  },
  {
    name: "url",
    title: "web address",
    sets: [],
    keywords: ["http", "www."],
    pattern: String.raw`(?<![\w])(?:https?:\/\/(?:[\w-]{1,63}\.){1,16}[a-z]{2,24}(?::\d{1,5})?(?:[/?#][^\s"'<>]{0,2048})?|www\.(?:[\w-]{1,63}\.){1,16}[a-z]{2,24}(?:\/[^\s"'<>]{0,2048})?)`,
    ignoreCase: true,
    positive: ["see ⟦http://microsoft.webcam⟧", "'⟦https://example.org/a?b=1⟧'"],
    negative: ["http://microsoft", "'www.microsoft'"],
    source: "presidio UrlRecognizer (MIT)",
  },
  {
    name: "domain-name",
    title: "name of a host without a scheme",
    sets: [],
    keywords: [],
    pattern: String.raw`(?<![\w@./-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?:com|org|net|edu|gov|mil|int|info|biz|io|co|dev|app|ai|eu|uk|de|fr|it|es|nl|ch|at|se|no|fi|dk|pl|cz|ru|cn|jp|in|br|il|us|ca|au)(?![\w-]|\.\w)`,
    ignoreCase: true,
    positive: ["my domains: ⟦microsoft.com⟧ ⟦google.co.il⟧"],
    negative: ["www.microsoft", "file.txt"],
    source: "presidio UrlRecognizer (MIT)",
  },
  {
    name: "date",
    title: "date, and date with time",
    sets: [],
    keywords: [],
    pattern: [
      String.raw`\d{4}-[01]\d-[0-3]\d(?:T[0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[+-][0-2]\d:?[0-5]\d|Z)?)?`,
      String.raw`(?<![\w/])${DAY}[/]${DAY}[/](?:\d{4}|\d{2})(?!\w)`,
      String.raw`(?<![\w/])\d{4}/${MONTH}/${DAY}(?!\w)`,
      String.raw`(?<![\w-])${DAY}-${DAY}-\d{4}(?!\w)`,
      String.raw`(?<![\w.])${DAY}\.${MONTH}\.(?:\d{4}|\d{2})(?![\w]|\.\d)`,
      String.raw`(?<![\w-])(?:${DAY}-)?(?:${MONTHS})-(?:\d{4}|\d{2})(?!\w)`,
      String.raw`(?<![\w-])${DAY}-(?:${MONTHS})(?:-(?:\d{4}|\d{2}))?(?!\w)`,
      String.raw`(?<![\w/])${MONTH}/(?:\d{4}|\d{2})(?![\w/])`,
      String.raw`(?<!\w)(?:(?:${MONTHS})[a-z]{0,6} ${DAY}(?:st|nd|rd|th)?(?:,? \d{4})?|${DAY}(?:st|nd|rd|th)? (?:of )?(?:${MONTHS})[a-z]{0,6}(?:,? \d{4})?)(?![\w:])`,
    ].join("|"),
    ignoreCase: true,
    positive: ["Today is ⟦5/21/21⟧", "on ⟦2024-03-15T14:30:00.123Z⟧", "in ⟦May-2021⟧", "on ⟦May 1st, 1977⟧"],
    negative: ["Today is5/21", "version 1.2.3.4"],
    source: "presidio DateRecognizer (MIT)",
  },
  {
    name: "named-person",
    title: "name after a title or an introduction",
    sets: [],
    keywords: ["mr.", "mrs.", "ms.", "dr.", "name is", "prof."],
    pattern:
      String.raw`\b(?:Mr\.|Mrs\.|Ms\.|Dr\.|Prof\.|[Nn]ame is) (?<secret>(?!(?:not|the|a|an|too)\b)(?:Mr\. )?[A-Z][\p{L}'-]{1,30}(?: [A-Z][\p{L}.'-]{0,30}){0,2})`.replaceAll(
        String.raw`\p{L}`,
        "a-zA-ZÀ-ž",
      ),
    positive: ["They call me Mr. ⟦Mayers⟧", "my name is ⟦Dan⟧"],
    negative: ["the host name is not set"],
  },
];

/** Numbers of a country have seven digits or more, with its code fifteen at most (E.164). */
function isPhoneLength(digits: string): boolean {
  return digits.length >= 7 && digits.length <= 15 && !/^(\d)\1+$/.test(digits);
}
