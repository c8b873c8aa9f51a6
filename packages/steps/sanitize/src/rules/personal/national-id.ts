import type { Rule } from "../../rule.ts";

/** A number that a state or a registry has given to a person, a firm or a vehicle. */
export interface NationalId {
  readonly name: string;
  readonly title: string;
  /** True where form and check digits hardly ever occur by chance: then it is of the set `pii`, else only of `all`. */
  readonly distinct?: boolean;
  readonly pattern: string;
  readonly valid?: (text: string) => boolean;
  readonly positive: readonly string[];
  readonly negative: readonly string[];
}

/** The rule that finds it, as a word of its own, in any case; a distinct one also not as part of a list of numbers. */
export function nationalId({ name, title, distinct, pattern, valid, positive, negative }: NationalId): Rule {
  return {
    name,
    title,
    sets: distinct ? ["pii"] : [],
    keywords: [],
    pattern: distinct
      ? String.raw`(?<![\w+.-]|\d )(?:${pattern})(?![\w+-]|[ .]\d)`
      : String.raw`(?<!\w)(?:${pattern})(?!\w)`,
    ignoreCase: true,
    ...(valid && { validate: valid }),
    positive,
    negative,
    source: "presidio predefined recognizers (MIT)",
  };
}
