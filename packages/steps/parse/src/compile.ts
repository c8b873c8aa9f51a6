import { asOneError, errorText, SluiceError } from "@sluice/core";
import { type Grok, GrokError, type PatternLibrary } from "@sluice/grok";

/** How the origin of patterns ends that the option `patterns` defines. */
export const OWN_PATTERNS = ".patterns";

/** Compiles an expression; what is wrong with it becomes an error that says where. */
export function compile(library: PatternLibrary, expression: string): Grok {
  try {
    return library.compile(expression);
  } catch (error) {
    if (!(error instanceof GrokError)) throw error;
    // What is wrong with a pattern of the option `patterns` stands there, under its name.
    const isOwn = error.place?.origin.endsWith(OWN_PATTERNS) === true;
    const written = isOwn ? error.pattern : expression;
    throw new SluiceError("SLUICE_PATTERN", error.message, { cause: error, hint: error.hint, written });
  }
}

/** Compiles a list of expressions; one error tells what is wrong with all of them. */
export function compileAll(library: PatternLibrary, expressions: readonly string[]): Grok[] {
  const groks: Grok[] = [];
  const errors: SluiceError[] = [];
  for (const expression of expressions) {
    try {
      groks.push(compile(library, expression));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      errors.push(error);
    }
  }
  const [first, ...others] = errors;
  if (first) throw asOneError([first, ...others]);
  return groks;
}

/** Compiles a named pattern to match a text from its start to its end. */
export function compileWhole(library: PatternLibrary, name: string): Grok {
  return compile(library, `\\A%{${name}}\\z`);
}

/**
 * A named pattern over a whole text, compiled when it is first needed: auth has dozens of them, most for rare messages,
 * and compiling them all would take every worker a tenth of a second at its start.
 */
export class LatePattern {
  readonly #library: PatternLibrary;
  readonly #name: string;
  #compiled: Grok | null | undefined;

  constructor(library: PatternLibrary, name: string) {
    this.#library = library;
    this.#name = name;
  }

  /** The expression, or null when it cannot be compiled: then it matches nothing, and `problem` says why. */
  get grok(): Grok | null {
    if (this.#compiled === undefined) this.problem();
    return this.#compiled ?? null;
  }

  /** What `validate` warns about: somebody's own pattern file has redefined the pattern wrongly. */
  problem(): string | undefined {
    try {
      this.#compiled = compileWhole(this.#library, this.#name);
      return undefined;
    } catch (error) {
      this.#compiled = null;
      return errorText(error);
    }
  }
}
