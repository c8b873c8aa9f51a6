import { addTag, count, type Event, type StepRun, type Value } from "@sluice/core";
import type { Action } from "./action.ts";
import { Budget } from "./budget.ts";
import { KnownSecrets } from "./known-secrets.ts";
import type { Finding, Sanitizer } from "./sanitizer.ts";
import { isSecretField, mayBeSecret, SECRET_FIELD } from "./secret-field.ts";
import { type Visitor, walkEvent } from "./walk.ts";
import { WITHHELD } from "./withheld.ts";

/** Shorter numbers are no card numbers, no keys and nobody's telephone. */
const SHORTEST_NUMBER = 1e8;
/** Names of fields that were found to hold nothing; beyond this many they come from data, and are not worth keeping. */
const MAX_NAMES = 4096;
/** Each round takes secrets away, so that there are few; the budget bounds them too. */
const MAX_ROUNDS = 8;
/** Events whose budget is larger, as patterns are compiled when they are first used: how many, and how many times. */
const FIRST_EVENTS = { count: 64, times: 4 };
/** What sluice itself has written. */
const OWN_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
/** Names that cannot be secrets themselves. */
const PLAIN_NAME = /^[a-z_]{1,24}(?:\.[a-z_]{1,24}){0,5}$/;
/** Where the event came from is worth knowing; a line that sets this field itself hardly takes this form. */
const PLAIN_PATH = /^\/[\w./ @:+-]{1,255}$/;
const OWN_TAG = /^_[a-z_]{1,32}$/;

/** Takes secrets out of all that an event holds. */
export class EventSanitizer {
  readonly #sanitizer: Sanitizer;
  readonly #fieldAction: Action | undefined;
  readonly #cleanNames = new Set<string>();
  #events = 0;
  readonly #isSecretField = remember(isSecretField);

  /** @param secretFields Whether a field's name alone can make its value a secret. */
  constructor(sanitizer: Sanitizer, secretFields: boolean) {
    this.#sanitizer = sanitizer;
    this.#fieldAction = secretFields ? sanitizer.actionOf(SECRET_FIELD) : undefined;
  }

  /** Changes the event in place; null when it is to be dropped. What cannot be checked within the time is withheld. */
  apply(event: Event, { tally }: StepRun, budgetMs: number): Event | null {
    const found: string[] = [];
    const isFirst = this.#events++ < FIRST_EVENTS.count;
    const budget = new Budget(isFirst ? budgetMs * FIRST_EVENTS.times : budgetMs);
    let drop = false;
    try {
      this.#sanitize(event, budget, ({ rule, action }) => {
        found.push(`${rule}:${action}`);
        drop ||= action === "drop";
      });
    } catch {
      // Out of time, or something that nobody thought of: either way the event is not known to be clean.
      return this.withhold(event);
    }
    for (const name of found) count(tally.sanitized, name);
    return drop ? null : event;
  }

  /** Replaces everything in the event that could hold a secret. */
  withhold(event: Event): Event {
    const tags = Array.isArray(event["tags"]) ? event["tags"] : [];
    for (const field of Object.keys(event)) {
      if (isOwn(field, event[field] as Value)) continue;
      if (!this.#cleanNames.has(field) && !PLAIN_NAME.test(field)) delete event[field];
      else if (mustBeWithheld(field, event[field] as Value)) event[field] = WITHHELD;
    }
    event["message"] = WITHHELD;
    event["tags"] = tags.filter((tag) => typeof tag === "string" && OWN_TAG.test(tag));
    addTag(event, "_withheld");
    return event;
  }

  #sanitize(event: Event, budget: Budget, report: (finding: Pick<Finding, "rule" | "action">) => void): void {
    // A replacement changes what stands around it: go on until nothing more is found, as a second run would.
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const known = this.#replaceFound(event, budget, report);
      if (known.isEmpty || !replaceKnown(event, known, budget)) return;
    }
  }

  /** Replaces what the rules find, and returns it. */
  #replaceFound(
    event: Event,
    budget: Budget,
    report: (finding: Pick<Finding, "rule" | "action">) => void,
  ): KnownSecrets {
    const known = new KnownSecrets();
    const clean = (text: string): string => {
      budget.extend(this.#sanitizer.share(text));
      return this.#sanitizer.text(
        text,
        (finding) => {
          report(finding);
          if (this.#sanitizer.isInPlace(finding)) return;
          const secret = text.slice(finding.start, finding.end);
          known.add(secret, this.#sanitizer.replacement({ rule: finding.rule, action: finding.action }, secret));
        },
        budget,
      );
    };
    const visitor: Visitor = {
      scalar: (value, field) => this.#secretField(value, field, known, report) ?? cleanScalar(value, clean),
      name: (name) => this.#cleanName(name, clean),
      tooDeep: WITHHELD,
    };
    walkEvent(event, visitor, isOwn);
    return known;
  }

  /** What takes the place of a value whose field's name says that it is a secret; null when it does not. */
  #secretField(
    value: string | number,
    field: string,
    known: KnownSecrets,
    report: (finding: Pick<Finding, "rule" | "action">) => void,
  ): string | null {
    if (this.#fieldAction === undefined || !this.#isSecretField(field)) return null;
    const text = String(value);
    if (!mayBeSecret(text)) return null;
    const finding = { rule: SECRET_FIELD.name, action: this.#fieldAction };
    const replacement = this.#sanitizer.replacement(finding, text);
    report(finding);
    known.add(text, replacement);
    return replacement;
  }

  #cleanName(name: string, clean: (text: string) => string): string {
    if (this.#cleanNames.has(name)) return name;
    const result = clean(name);
    if (result === name && this.#cleanNames.size < MAX_NAMES) this.#cleanNames.add(name);
    return result;
  }
}

/** Most events have the same fields; names that come from data are not kept for ever. */
function remember(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    let verdict = known.get(name);
    if (verdict === undefined) {
      verdict = judge(name);
      if (known.size < MAX_NAMES) known.set(name, verdict);
    }
    return verdict;
  };
}

function cleanScalar(value: string | number, clean: (text: string) => string): string | number {
  if (typeof value === "string") return clean(value);
  if (Math.abs(value) < SHORTEST_NUMBER) return value;
  const text = String(value);
  const result = clean(text);
  return result === text ? value : result;
}

/** Replaces secrets that were found in one place of the event in all others; true when there were any. */
function replaceKnown(event: Event, known: KnownSecrets, budget: Budget): boolean {
  let changed = false;
  const replace = (text: string): string => {
    const result = known.replaceIn(text, () => budget.check());
    changed ||= result !== text;
    return result;
  };
  const visitor: Visitor = {
    scalar(value) {
      if (typeof value === "string") return replace(value);
      const text = String(value);
      const result = replace(text);
      return result === text ? value : result;
    },
    // Someone's password may be `message`.
    name: (name) => (PLAIN_NAME.test(name) ? name : replace(name)),
    tooDeep: WITHHELD,
  };
  walkEvent(event, visitor, isOwn);
  return changed;
}

/** Fields that sluice writes, and writes again the same: an id must not change. */
function isOwn(field: string, value: Value): boolean {
  if (field === "event.id" || (field === "log.offset" && typeof value === "number")) return true;
  return field === "@timestamp" && typeof value === "string" && OWN_TIME.test(value);
}

function mustBeWithheld(field: string, value: Value): boolean {
  if (field === "log.file.path" && typeof value === "string" && PLAIN_PATH.test(value)) return false;
  return typeof value === "number" ? Math.abs(value) >= SHORTEST_NUMBER : typeof value !== "boolean" && value !== null;
}
