import { SluiceError } from "@sluice/core";

/** A mistake in an expression and where it is. Code `SLUICE_EXPRESSION`. */
export class ExpressionError extends SluiceError {
  /** The whole expression. */
  readonly source: string;
  /** Line in the expression, from 1. */
  readonly line: number;
  /** Column in that line, from 1, in UTF-16 units. */
  readonly column: number;

  constructor(problem: string, source: string, offset: number, hint?: string) {
    const before = source.slice(0, offset).split("\n");
    const line = before.length;
    const column = (before.at(-1) as string).length + 1;
    const place = line > 1 ? `line ${line}, column ${column}` : `column ${column}`;
    super("SLUICE_EXPRESSION", `${problem} at ${place} of the expression`, hint === undefined ? {} : { hint });
    this.name = "ExpressionError";
    this.source = source;
    this.line = line;
    this.column = column;
  }
}

/** What `@marcbachmann/cel-js` throws, as far as it is used here. */
interface CelFailure {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number; readonly end: number };
}

const WORD_HINTS: Readonly<Record<string, string>> = {
  "=": 'compare with "=="',
  "&": 'write "&&"',
  "|": 'write "||"',
  and: 'write "&&"',
  or: 'write "||"',
  not: 'write "!"',
  "@": 'write self["@timestamp"] for a field whose name is not a plain word',
  "`": 'write self["field name"] for a field whose name is not a plain word',
  "~": 'write field.matches("pattern")',
};

/** Turns a failure of the CEL library into one with a place and a hint. */
export function fromCel(error: unknown, source: string): ExpressionError {
  const failure = error as CelFailure;
  const range = failure.range ?? { start: 0, end: 0 };
  const word = source.slice(range.start, range.end);
  const summary = failure.summary ?? failure.message;
  switch (failure.code) {
    case "unexpected_character":
    case "unexpected_token":
    case "expected_token":
      return unexpected(word, source, range.start, summary);
    case "reserved_identifier":
      return new ExpressionError(`"${word}" is a reserved word`, source, range.start, `write self["${word}.…"]`);
    case "no_such_overload":
      return typesNeverFit(summary, source, range.start);
    default:
      return new ExpressionError(lowerFirst(summary), source, range.start);
  }
}

function unexpected(word: string, source: string, offset: number, summary: string): ExpressionError {
  if (source.trim() === "") return new ExpressionError("the expression is empty", source, 0);
  if (offset >= source.length || word === "") {
    return new ExpressionError("the expression ends too early", source, source.length, lowerFirst(summary));
  }
  const shown = word.trim() || (source[offset] as string);
  const hint = WORD_HINTS[shown] ?? (shown === "in" ? 'a name "in" is written self["….in"]' : undefined);
  return new ExpressionError(`unexpected "${shown}"`, source, offset, hint);
}

function typesNeverFit(summary: string, source: string, offset: number): ExpressionError {
  const types = summary.replace("no such overload: ", "");
  const hint = /\btype\b/.test(types)
    ? 'a field called like a type (type, string, int…) is written self["type"]'
    : undefined;
  return new ExpressionError(`the types never fit: ${types}`, source, offset, hint);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
