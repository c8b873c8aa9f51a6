import { coerce } from "./coerce.ts";
import type { PatternPlace } from "./errors.ts";
import type { GrokCapture } from "./groups.ts";
import type { Definition } from "./pattern-file.ts";

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
  /** The pattern out of which the character of `expandedSource` at an offset came; undefined for the expression itself. */
  originAt(offset: number): Definition | undefined;
  readonly place: PatternPlace;
}

export function fieldsOf(captures: readonly GrokCapture[], texts: readonly (string | undefined)[]): GrokFields {
  const fields: GrokFields = {};
  for (const [index, { field, type }] of captures.entries()) {
    const text = texts[index];
    if (text === undefined || text === "") continue;
    const value = coerce(text, type);
    const before = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (before === undefined)
      Object.defineProperty(fields, field, { value, enumerable: true, configurable: true, writable: true });
    else if (Array.isArray(before)) before.push(value);
    else fields[field] = [before, value];
  }
  return fields;
}

/** The first of the expressions that matches, with its fields; null when none does. */
export function firstMatch(groks: readonly Grok[], text: string): { grok: Grok; fields: GrokFields } | null {
  for (const grok of groks) {
    const fields = grok.match(text);
    if (fields) return { grok, fields };
  }
  return null;
}
