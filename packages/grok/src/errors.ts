/** Where a pattern was written: a file's name, or whatever the caller gave, with its line (from 1) if it has one. */
export interface PatternPlace {
  readonly origin: string;
  readonly line?: number;
}

export function placeText(place: PatternPlace): string {
  return place.line === undefined ? place.origin : `${place.origin}:${place.line}`;
}

/** A pattern that cannot be compiled: the message says which one, where it is written and why; `hint` what to do. */
export class GrokError extends Error {
  /** What to do, in one sentence. */
  readonly hint: string | undefined;
  /** Name of the pattern at fault; undefined when it is the expression itself. */
  readonly pattern: string | undefined;
  readonly place: PatternPlace | undefined;

  constructor(
    message: string,
    options: { hint?: string; pattern?: string; place?: PatternPlace; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GrokError";
    this.hint = options.hint;
    this.pattern = options.pattern;
    this.place = options.place;
  }
}
