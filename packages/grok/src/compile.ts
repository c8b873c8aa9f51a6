import { GrokError, type PatternPlace, placeText } from "./errors.ts";
import { type Expansion, expand } from "./expand.ts";
import { fieldsOf, type Grok } from "./grok.ts";
import { nameGroups } from "./groups.ts";
import type { Definition } from "./pattern-file.ts";
import { type Translation, translate } from "./translate.ts";

export interface CompileContext {
  readonly namedOnly: boolean;
  readonly place: PatternPlace;
  readonly lookup: (name: string) => Definition | undefined;
  readonly names: () => Iterable<string>;
}

export function compileExpression(expression: string, context: CompileContext): Grok {
  const expansion = expand(expression, context.lookup, context);
  const { source, captures } = nameGroups(expansion.text);
  const translation = translated(source, expansion, context);
  const { regexp } = translation;
  const indexes = captures.map((capture) => translation.groupIndex[capture.group - 1]!);
  const exec = (text: string): readonly (string | undefined)[] | null => {
    const found = regexp.exec(text);
    return found && indexes.map((index) => found[index]);
  };
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
    origins: expansion.spans,
  };
}

function translated(source: string, expansion: Expansion, context: CompileContext): Translation {
  try {
    return translate(source);
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
    translate(nameGroups(text).source);
    return true;
  } catch {
    return false;
  }
}
