import { coerce } from "./coerce.ts";
import type { PatternPlace } from "./errors.ts";
import type { Span } from "./expand.ts";
import type { GrokCapture } from "./groups.ts";

export type GrokValue = string | number;
/** Fields of a match: dotted name → value, a list where a name captured more than once. */
export type GrokFields = Record<string, GrokValue | GrokValue[]>;

/** A compiled expression. */
export interface Grok {
  /** As given to `compile`. */
  readonly expression: string;
  /** Oniguruma source with every `%{}` expanded; only named groups capture where there are any. */
  readonly expandedSource: string;
  /**
   * What finds the match on nearly all text; null when JavaScript has no such expression. Its groups are not those of
   * `expandedSource` and a few matches need more than it: use `exec`.
   */
  readonly regexp: RegExp | null;
  readonly captures: readonly GrokCapture[];
  /** Text of each capture, by index in `captures`, undefined where it took no part; null without a match. */
  exec(text: string): readonly (string | undefined)[] | null;
  /** What Logstash's grok filter would set: converted, empty captures left out, a name twice makes a list. */
  match(text: string): GrokFields | null;
  /** Which pattern each part of `expandedSource` came out of, inner ones before those around them. */
  readonly origins: readonly Span[];
  readonly place: PatternPlace;
}

/** Fields out of the texts of captures. */
export function fieldsOf(captures: readonly GrokCapture[], texts: readonly (string | undefined)[]): GrokFields {
  const fields: GrokFields = {};
  for (let i = 0; i < captures.length; i++) {
    const text = texts[i];
    if (text === undefined || text === "") continue;
    const { field, type } = captures[i]!;
    const value = type === "string" ? text : coerce(text, type);
    if (field in fields) addTo(fields, field, value);
    else fields[field] = value;
  }
  return fields;
}

/** A name that was there before, or one that every object has, such as `constructor`. */
function addTo(fields: GrokFields, field: string, value: GrokValue): void {
  const before = Object.hasOwn(fields, field) ? fields[field] : undefined;
  const after = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  Object.defineProperty(fields, field, { value: after, enumerable: true, configurable: true, writable: true });
}

/** The first of the expressions that matches, with its fields; null when none does. */
export function firstMatch(groks: readonly Grok[], text: string): { grok: Grok; fields: GrokFields } | null {
  for (const grok of groks) {
    const fields = grok.match(text);
    if (fields) return { grok, fields };
  }
  return null;
}
