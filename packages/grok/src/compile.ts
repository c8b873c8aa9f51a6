import { GrokError, placeText } from "./errors.ts";
import { type ExpandOptions, type Expansion, expand } from "./expand.ts";
import { fieldsOf, type Grok } from "./grok.ts";
import { nameGroups } from "./groups.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { parse } from "./onigmo/parser.ts";

export function compileExpression(expression: string, context: ExpandOptions): Grok {
  const expansion = expand(expression, context);
  const { source, captures, offset } = nameGroups(expansion.text);
  const wanted = captures.map((capture) => capture.group);
  const matcher = matcherFor(source, wanted, expansion, context);
  return {
    expression,
    expandedSource: source,
    get regexp() {
      return matcher.regexp;
    },
    captures,
    exec: matcher.exec,
    match: (text) => {
      const texts = matcher.exec(text);
      return texts && fieldsOf(captures, texts);
    },
    place: context.place,
    origins: expansion.spans.map(({ start, end, definition }) => ({
      start: offset(start),
      end: offset(end),
      definition,
    })),
  };
}

function matcherFor(source: string, wanted: readonly number[], expansion: Expansion, context: ExpandOptions): Matcher {
  try {
    return createMatcher(source, wanted);
  } catch (cause) {
    throw blame(cause, expansion, context);
  }
}

/** Finds the innermost definition that does not stand on its own: that is where a reader has to look. */
function blame(cause: unknown, expansion: Expansion, context: ExpandOptions): GrokError {
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
