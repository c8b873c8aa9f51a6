/** Names under which a pipeline file chooses rules. `all` is every rule. */
export type RuleSet = "default" | "secrets" | "pii";

/**
 * Forms that a pass over the text finds without a keyword, for data that bears none:
 * `long-number`: 12 or more digits, single spaces or hyphens between them (cards, IBANs);
 * `three-two-four`: digits grouped like a US social security number;
 * `dotted-token`: 24 or more word characters or hyphens, a dot, 6 of them, a dot, 27 or more (tokens of Discord's bots);
 * `base64-line`: a line, or its last word, of exactly 64, 70 or 76 characters of base64, as in the body of a private key.
 */
export type Shape = "long-number" | "three-two-four" | "dotted-token" | "base64-line";

/**
 * One kind of secret or personal datum. The examples are its test and its documentation.
 *
 * A pattern has to take time linear in the text: quantifiers that could compete for the same characters are bounded.
 * `test/rules.test.ts` holds this and the examples.
 */
export interface Rule {
  /** Kebab case, unique; appears in the text that replaces the secret: `[redacted:aws-access-key]`. */
  readonly name: string;
  /** What it finds, as a phrase: "AWS access key id". */
  readonly title: string;
  readonly sets: readonly RuleSet[];
  /**
   * Literals of at least three ASCII characters of which every match contains one, in any case, or has one before it within
   * its reach. The pattern only runs around places where one occurs. Empty, and without `shape`: the pattern runs over every text, which no rule of the
   * set `default` may ask.
   */
  readonly keywords: readonly string[];
  /** The pattern also runs around texts of this form. */
  readonly shape?: Shape;
  /** JavaScript regular expression source, flag `v` not set. The group `secret` is what is replaced; else the match. */
  readonly pattern: string;
  readonly ignoreCase?: boolean;
  /** How many characters of a match may lie before and after the keyword. Default 96 and 512. */
  readonly reach?: { readonly before: number; readonly after: number };
  /** What it finds is a secret only where it stands: the same text elsewhere in the event is left alone. */
  readonly inPlace?: boolean;
  /** Says of a match whether it is one: checksum, entropy, no placeholder. */
  readonly validate?: (secret: string, match: RegExpExecArray) => boolean;
  /** Texts in which it finds something; `⟦…⟧` encloses what has to be gone. */
  readonly positive: readonly string[];
  /** Texts in which it finds nothing. */
  readonly negative: readonly string[];
  /** Where format and pattern were taken from, with its licence, when they are not our own. */
  readonly source?: string;
}
