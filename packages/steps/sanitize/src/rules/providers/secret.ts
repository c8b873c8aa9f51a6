import type { Rule, RuleSet } from "../../rule.ts";
import { entropyOf } from "../../validators/entropy.ts";

/** Where a format was taken from. */
export const GITLEAKS = "gitleaks (MIT)";
export const KINGFISHER = "kingfisher (Apache-2.0)";
export const NOSEYPARKER = "noseyparker (Apache-2.0)";
/** For a pattern of our own that covers what several of them know of a provider's format. */
export const SCANNERS = "gitleaks, secretlint (MIT); kingfisher, noseyparker, detect-secrets (Apache-2.0)";

/**
 * How sure a rule is. `sure`: it runs by default. `guess`: ordinary text may look like it, so that it only runs in the
 * set `secrets`. `identifier`: it finds the name of a host or an account, which is no secret, and only runs in `all`.
 */
type Certainty = "sure" | "guess" | "identifier";

const SETS: Readonly<Record<Certainty, readonly RuleSet[]>> = {
  sure: ["default", "secrets"],
  guess: ["secrets"],
  identifier: [],
};

interface Spec
  extends Pick<
    Rule,
    "name" | "title" | "keywords" | "positive" | "negative" | "ignoreCase" | "reach" | "shape" | "source"
  > {
  readonly certainty?: Certainty;
  /** Bits of entropy a character, below which a secret is a placeholder. */
  readonly minEntropy?: number;
}

interface ContextSpec extends Omit<Spec, "keywords"> {
  /** Pattern of the service's name. */
  readonly service: string;
  /** By default the service's name. */
  readonly keywords?: readonly string[];
  /** Pattern of the secret. Case does not count. */
  readonly value: string;
}

/** A secret that is known by its own form, such as a prefix. */
export function secret({ certainty = "sure", minEntropy, ...rule }: Spec & Pick<Rule, "pattern">): Rule {
  const validate = minEntropy === undefined ? {} : { validate: (text: string) => entropyOf(text) >= minEntropy };
  const inPlace = certainty === "identifier" ? { inPlace: true } : {};
  return { sets: SETS[certainty], ...inPlace, ...validate, ...rule };
}

/** A secret behind the service's name and a word such as `token` or a sign of assignment: `acme_key = "…"`. */
export function keyed({ service, value, keywords = [service], ...spec }: ContextSpec): Rule {
  const word = "[^]{0,40}?(?:secret|private|access|key|token)[^]{0,40}?";
  const assignment = String.raw`[\w .\t-]{0,20}[\s'"\\]{0,3}[=:>,|?]{1,4}[\s'"${"`"}=\\]{0,5}`;
  const pattern = `${startOf(service)}${service}(?:${word}|${assignment})${separate(value)}`;
  return secret({ ...spec, keywords, pattern, ignoreCase: true });
}

/** A secret at most `gap` characters (32) behind the service's name. */
export function near({
  service,
  value,
  gap = 32,
  keywords = [service],
  ...spec
}: ContextSpec & { gap?: number }): Rule {
  const pattern = `${startOf(service)}${service}[^]{0,${gap}}?${separate(value)}`;
  return secret({ ...spec, keywords, pattern, ignoreCase: true });
}

/** Put before a value's pattern: nothing but digits, or letters of a word in one case or capitalized, is no secret. */
export const NO_WORD = String.raw`(?-i:(?!(?:[a-z]{1,64}|[A-Z]{1,64}|[A-Z][a-z]{1,64}|\d{1,64})(?!\w)))`;

/** A UUID. */
export const UUID = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}";

/** Letters and digits grouped like a UUID. */
export const UUID_LIKE = "[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}";

/** A short name must not be the end of a longer word. */
function startOf(service: string): string {
  return /^[a-z]{1,6}$/.test(service) ? "(?<![a-z0-9])" : "";
}

function separate(value: string): string {
  return String.raw`(?<!\w)(?<secret>${value})(?!\w)`;
}
