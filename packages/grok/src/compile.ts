import { GrokError, type PatternPlace, placeText } from "./errors.ts";
import { type Expansion, expand } from "./expand.ts";
import { fieldsOf, type Grok } from "./grok.ts";
import { nameGroups } from "./groups.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { parse } from "./onigmo/parser.ts";
import type { Definition } from "./pattern-file.ts";

export interface CompileContext {
  readonly namedOnly: boolean;
  readonly place: PatternPlace;
  readonly lookup: (name: string) => Definition | undefined;
  readonly names: () => Iterable<string>;
}

export function compileExpression(expression: string, context: CompileContext): Grok {
  const expansion = expand(expression, context.lookup, context);
  const { source, captures, originalOffset } = nameGroups(expansion.text);
  const wanted = captures.map((capture) => capture.group);
  const { exec, regexp } = matcherFor(source, wanted, expansion, context);
  return {
    expression,
    expandedSource: source,
    regexp,
    captures,
    exec,
    match: (text) => {
      const texts = exec(text);
      return texts && fieldsOf(captures, texts);
    },
    place: context.place,
    originAt: (offset) => innermost(expansion, originalOffset(offset)),
  };
}

function innermost(expansion: Expansion, offset: number): Definition | undefined {
  return expansion.spans.find(({ start, end }) => start <= offset && offset < end)?.definition;
}

function matcherFor(source: string, wanted: readonly number[], expansion: Expansion, context: CompileContext): Matcher {
  try {
    return createMatcher(source, wanted);
  } catch (cause) {
    throw blame(cause, expansion, context);
  }
}

/** Finds the innermost definition that does not stand on its own: that is where a reader has to look. */
function blame(cause: unknown, expansion: Expansion, context: CompileContext): GrokError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const culprit = expansion.spans.find(({ start, end }) => !stands(expansion.text.slice(start, end)));
  const name = culprit?.definition.name;
  const place = culprit?.definition.place ?? context.place;
  const subject = name === undefined ? "" : `pattern %{${name}}: `;
  return new GrokError(`${placeText(place)}: ${subject}not a valid expression: ${reason}`, {
    hint: "the syntax is that of Oniguruma, as in Ruby",
    ...(name === undefined ? {} : { pattern: name }),
    place,
    cause,
  });
}

function stands(text: string): boolean {
  try {
    parse(nameGroups(text).source);
    return true;
  } catch {
    return false;
  }
}
