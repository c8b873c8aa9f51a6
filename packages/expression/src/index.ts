import type { Event, Value } from "@sluice/core";
import { compileNode, type Run } from "./compile.ts";
import { ExpressionError } from "./errors.ts";
import { toValue } from "./functions.ts";
import { parseExpression } from "./parse.ts";
import { slowness } from "./regex.ts";
import type { Result } from "./values.ts";

export { ExpressionError } from "./errors.ts";
export { leadingText } from "./leading-text.ts";
export { namedTexts } from "./named-texts.ts";

// CEL over flat dotted events. The rules that differ from CEL's own, for logs:
// - A field that is absent makes a comparison false (also `!=`); anything else with it is absent. Nothing throws.
// - Types that do not fit make `<`, `in`, `contains`… false; `==` of different types is false, `!=` true.
// - Where a condition is wanted (`&&`, `!`, `? :`), everything but `true` counts as false.
// - Numbers are doubles: `200 == 200.0`, `7 / 2` is 3.5.
// - `a.b.c` is the flat field `a.b.c`; `a["b c"]` the field `a.b c`; `self["@timestamp"]` names any field.

/**
 * Compiles a condition; run, it says whether it holds for an event, and never throws.
 *
 * @throws ExpressionError when it cannot be compiled or cannot be a condition.
 */
export function compileExpression(source: string): (event: Event) => boolean {
  const { run, type } = compile(source);
  if (type !== "bool" && type !== "dyn") {
    throw new ExpressionError(`a condition must be true or false, this is a ${type}`, source, 0);
  }
  return (event) => run(event) === true;
}

/**
 * Compiles a value; run, it yields what a field may hold, or undefined where a field that it needs is absent. Never
 * throws.
 *
 * @throws ExpressionError when it cannot be compiled.
 */
export function compileValue(source: string): (event: Event) => Value | undefined {
  const { run } = compile(source);
  return (event) => toValue(run(event));
}

/** The fields that an expression reads, sorted. Throws like {@link compileValue}. */
export function fieldsOf(source: string): string[] {
  return [...compile(source).fields].sort();
}

/**
 * Warnings about the patterns of `matches()` that backtrack exponentially: unlike CEL's own they are JavaScript's.
 * Takes up to some seconds; for validation. Rejects like {@link compileValue}.
 */
export async function slowPatterns(source: string): Promise<string[]> {
  const found = await Promise.all(compile(source).regexes.map(slowness));
  return found.filter((warning) => warning !== null);
}

interface Compiled {
  readonly run: (event: Event) => Result;
  readonly type: string;
  readonly fields: ReadonlySet<string>;
  readonly regexes: readonly RegExp[];
}

function compile(source: string): Compiled {
  const { ast, type } = parseExpression(source);
  const fields = new Set<string>();
  const regexes: RegExp[] = [];
  const root = compileNode(ast, { source, locals: new Map(), fields, regexes });
  return { run: guarded(root), type, fields, regexes };
}

/** What can still fail is the engine itself: the stack on values nested a thousand deep, or in a regular expression. */
function guarded(run: Run): (event: Event) => Result {
  const locals: Result[] = [];
  return (event) => {
    try {
      return run(event, locals);
    } catch {
      return undefined;
    }
  };
}
