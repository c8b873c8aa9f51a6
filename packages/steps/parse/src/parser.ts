import type { Event, ParsePlan, Zone } from "@sluice/core";
import type { Grok, PatternLibrary } from "@sluice/grok";

/** What a parser is made with. */
export interface ParserContext {
  readonly library: PatternLibrary;
  /** Zone of times that carry none. */
  readonly zone: Zone;
  /** Reads any known time as RFC 3339 text; null when it is none. */
  readonly readTime: (text: string, now: number) => string | null;
}

/**
 * Sets the fields that it reads out of `text`. Returns false, with the event untouched, when `text` is not of its
 * format. Never throws.
 */
export type Parse = (text: string, event: Event, now: number) => boolean;

export interface Parser {
  readonly parse: Parse;
  /** The same for the kernel. Lines that no pattern of the plan matches go the plain way. */
  readonly plan?: ParsePlan;
  /** What is wrong with patterns that are compiled only when a line needs them. */
  readonly problems?: () => readonly string[];
  /** Expressions of the user, to be looked at for exponential backtracking. */
  readonly expressions?: readonly Grok[];
}

/** A parser that pipeline files call by name. */
export interface NamedParser {
  readonly name: string;
  /** One sentence for the reference. */
  readonly summary: string;
  create(ctx: ParserContext): Parser;
}

/** Event tag for a text that is not of the expected format. */
export const PARSE_FAILURE = "_parse_failure";
/** Event tag for a time that cannot be read; `@timestamp` stays the time of reading. */
export const TIMESTAMP_FAILURE = "_timestamp_failure";
