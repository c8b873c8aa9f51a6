import { SluiceError } from "@sluice/core";
import { type Action, replacementOf } from "./action.ts";
import { type Allowed, compileAllowed } from "./allow.ts";
import { quoteFor } from "./bare-value.ts";
import { Budget } from "./budget.ts";
import { decodeEscapes, endWithoutColours, MAX_DECODINGS, throughBoth } from "./decode.ts";
import { type Edit, mergeEdits, type Rendered, render, toOriginal, widened } from "./edits.ts";
import { isReplaced, masked, replacementsIn } from "./replaced.ts";
import type { Rule } from "./rule.ts";
import { Scanner } from "./scanner.ts";

export interface SanitizerOptions {
  /** The active rules; where two overlap, the earlier one gives the name. */
  readonly rules: readonly Rule[];
  /** What becomes of secrets. Default `redact`. */
  readonly action?: Action;
  /** The same by name of a rule or, behind that, of a set. */
  readonly actions?: Readonly<Record<string, Action>>;
  /** Key for the action `hash`. */
  readonly hashKey?: string;
  /** Secrets that are none: literals, or patterns written `/…/` or `/…/i`. */
  readonly allow?: readonly string[];
  /**
   * Milliseconds of CPU time for one text, and as many again for each 50 Ki characters, or for each 5 Ki where a rule has
   * no keyword and has to look at all of them. Default 50.
   */
  readonly budget?: number;
  /** Puts the line ends of a secret of several lines behind its replacement, so that lines keep their numbers. */
  readonly keepLineEnds?: boolean;
}

/** What was found, never the secret itself. Offsets are UTF-16 units of the text that was given. */
export interface Finding {
  readonly rule: string;
  readonly action: Action;
  readonly start: number;
  readonly end: number;
  /** What stands on each side of the replacement: the quotes that it needs as a value of JSON, or nothing. */
  readonly quote: string;
}

/** A finding, or what of it does not depend on the place. */
type Replaced = Pick<Finding, "rule" | "action"> & Partial<Pick<Finding, "quote">>;

export interface Sanitizer {
  /**
   * The text without its secrets; the same string when there are none. `drop` replaces as `redact` does, and leaves it to
   * the caller to drop. Throws TextWithheld when the time is over.
   *
   * @param onFinding Told of each replacement, in the order of the text.
   * @param budget Shared by several texts; otherwise each text has its own, extended by its share.
   */
  text(text: string, onFinding?: (finding: Finding) => void, budget?: Budget): string;
  /** What `text` would replace, in order and without overlaps, for callers that replace parts of a text. */
  find(text: string, budget?: Budget): readonly Finding[];
  /** How many times the budget a text has in addition, for its length. */
  share(text: string): number;
  /** What takes the place of a secret. */
  replacement(finding: Replaced, secret: string): string;
  /** Whether what a rule has found is a secret only where it stands. */
  isInPlace(finding: Pick<Finding, "rule">): boolean;
  /** What becomes of the secrets of a rule. */
  actionOf(rule: Pick<Rule, "name" | "sets">): Action;
}

const DEFAULT_BUDGET = 50;
const CHARACTERS_PER_BUDGET = { keywords: 51_200, everywhere: 5120 };

/** Creates a sanitizer. Throws SluiceError when an action is `hash` and there is no key. */
export function createSanitizer(options: SanitizerOptions): Sanitizer {
  const { action = "redact", actions = {}, hashKey } = options;
  if (hashKey === undefined || hashKey === "") refuseHash([action, ...Object.values(actions)]);
  return new RuleSanitizer(options);
}

function refuseHash(actions: readonly Action[]): void {
  if (!actions.includes("hash")) return;
  throw new SluiceError("SLUICE_CONFIG", "the action `hash` needs a key", {
    hint: `set \`hash_key: \${SLUICE_HASH_KEY:?…}\` or \`hash_key: \${file:/run/secrets/x}\`; for \`sluice sanitize\` the environment variable SLUICE_HASH_KEY`,
    written: "hash",
  });
}

class RuleSanitizer implements Sanitizer {
  readonly #options: SanitizerOptions;
  readonly #rules: readonly Rule[];
  readonly #scanner: Scanner;
  readonly #charactersPerBudget: number;
  readonly #inPlace: ReadonlySet<string>;
  readonly #allowed: Allowed;

  constructor(options: SanitizerOptions) {
    this.#options = options;
    // What drops the event must not be hidden by a rule that would only replace.
    const drops = (rule: Rule): number => (this.actionOf(rule) === "drop" ? 0 : 1);
    this.#rules = options.rules.toSorted((a, b) => drops(a) - drops(b));
    this.#scanner = new Scanner(this.#rules);
    const looksEverywhere = options.rules.some(({ keywords, shape }) => keywords.length === 0 && shape === undefined);
    this.#charactersPerBudget = CHARACTERS_PER_BUDGET[looksEverywhere ? "everywhere" : "keywords"];
    this.#inPlace = new Set(options.rules.flatMap(({ name, inPlace }) => (inPlace ? [name] : [])));
    this.#allowed = compileAllowed(options.allow ?? []);
  }

  text(text: string, onFinding?: (finding: Finding) => void, budget?: Budget): string {
    const result = this.#sanitize(text, budget);
    if (result === null) return text;
    if (onFinding) for (const edit of result.edits) onFinding(this.#findingOf(edit, text));
    return result.text;
  }

  find(text: string, budget?: Budget): readonly Finding[] {
    return this.#sanitize(text, budget)?.edits.map((edit) => this.#findingOf(edit, text)) ?? [];
  }

  replacement({ rule, action, quote = "" }: Replaced, secret: string): string {
    const replacement = `${quote}${replacementOf(action, rule, secret, this.#options.hashKey)}${quote}`;
    return this.#options.keepLineEnds ? replacement + (secret.match(/\r?\n/g) ?? []).join("") : replacement;
  }

  isInPlace({ rule }: Pick<Finding, "rule">): boolean {
    return this.#inPlace.has(rule);
  }

  actionOf({ name, sets }: Pick<Rule, "name" | "sets">): Action {
    const { action = "redact", actions = {} } = this.#options;
    for (const key of [name, ...sets, "all"]) if (Object.hasOwn(actions, key)) return actions[key] as Action;
    return action;
  }

  share(text: string): number {
    return text.length / this.#charactersPerBudget;
  }

  #budget(text: string): Budget {
    const budget = new Budget(this.#options.budget ?? DEFAULT_BUDGET);
    budget.extend(this.share(text));
    return budget;
  }

  #sanitize(text: string, budget = this.#budget(text)): Rendered | null {
    let found = this.#find(text, budget);
    if (found.length === 0) return null;
    let result = render(text, [], () => "");
    // A replacement changes what stands around it: go on until nothing more is found, as a second run would.
    for (let [covered, round] = [-1, 1]; found.length > 0; round++) {
      const placed = found.map(({ order, ...span }) => widened(text, { ...toOriginal(result, span), order }, round));
      const edits = mergeEdits([...result.edits, ...placed]);
      const covers = edits.reduce((sum, { start, end }) => sum + end - start, 0);
      if (covers === covered) break;
      covered = covers;
      result = render(text, edits, (edit) =>
        this.replacement(this.#findingOf(edit, text), text.slice(edit.start, edit.end)),
      );
      found = this.#find(result.text, budget);
    }
    return result;
  }

  /** Finds secrets in the text as it is and with its escapes decoded. */
  #find(text: string, budget: Budget): Edit[] {
    const found: Edit[] = [];
    this.#scan(text, budget, (edit) => found.push(edit));
    let decoded = decodeEscapes(text);
    for (let level = 1; decoded !== null; level++) {
      const { text: plain, at } = decoded;
      this.#scan(plain, budget, (edit) => {
        const start = at[edit.start] as number;
        found.push({ start, end: endWithoutColours(text, start, at[edit.end] as number), order: edit.order });
      });
      const deeper = level < MAX_DECODINGS ? decodeEscapes(plain) : null;
      decoded = deeper && { text: deeper.text, at: throughBoth(at, deeper.at) };
    }
    return found;
  }

  #scan(text: string, budget: Budget, visit: (edit: Edit) => void): void {
    const found: Edit[] = [];
    this.#scanner.scan(text, budget, (order, match) => found.push({ ...match, order }));
    if (found.length === 0) return;
    const replacements = replacementsIn(text);
    if (replacements.length > 0) {
      // The name of a rule in a replacement must not count as the keyword of what follows.
      found.length = 0;
      this.#scanner.scan(masked(text), budget, (order, match) => found.push({ ...match, order }));
    }
    for (const edit of found) {
      if (!isReplaced(text, edit, replacements) && !this.#allowed(text.slice(edit.start, edit.end))) visit(edit);
    }
  }

  #findingOf({ start, end, order }: Edit, text: string): Finding {
    const rule = this.#rules[order] as Rule;
    return { rule: rule.name, action: this.actionOf(rule), start, end, quote: quoteFor(text, start, end) };
  }
}
