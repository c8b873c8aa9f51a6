import { customRule } from "./custom.ts";
import { type DetailedOptions, type SanitizeOptions, sanitizeOptions } from "./options.ts";
import type { Rule } from "./rule.ts";
import { ALL_RULES } from "./rules/index.ts";
import type { SanitizerOptions } from "./sanitizer.ts";
import { SECRET_FIELD } from "./secret-field.ts";
import { SETS, selectRules } from "./select.ts";

/** What the options of the step come to. */
export interface Configured {
  readonly sanitizer: SanitizerOptions;
  /** The rules of the options themselves. */
  readonly own: readonly Rule[];
  /** Whether a field's name alone can make its value a secret. */
  readonly secretFields: boolean;
  /** Milliseconds of CPU time for one event or line. */
  readonly budget: number;
}

/** Chooses and makes the rules. Throws SluiceError for names that are none and for wrong rules. */
export function configured(options: Exclude<SanitizeOptions, "off">): Configured {
  const { rules, exclude, custom, action, actions, allow, hash_key, budget } =
    typeof options === "string" ? { ...defaults(), rules: [options] } : options;
  const chosen = selectRules([...ALL_RULES, SECRET_FIELD], rules, exclude);
  const taken = new Set([...SETS, SECRET_FIELD.name, ...ALL_RULES.map(({ name }) => name)]);
  const own = custom.map((rule) => customRule(rule, taken));
  selectRules([...own, ...ALL_RULES, SECRET_FIELD], Object.keys(actions));
  const active = [...own, ...ALL_RULES.filter((rule) => chosen.includes(rule))];
  const hash = hash_key === undefined ? {} : { hashKey: hash_key };
  const sanitizer = { rules: active, action, actions, allow, ...hash };
  return { sanitizer, own, secretFields: chosen.includes(SECRET_FIELD), budget };
}

function defaults(): DetailedOptions {
  return sanitizeOptions.parse({}) as DetailedOptions;
}
