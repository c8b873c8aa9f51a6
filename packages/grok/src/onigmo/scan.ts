/** What a look over an expression's text finds outside of escapes, classes and comments. */
export interface GroupToken {
  readonly kind: "plain-group" | "named-group" | "reference";
  /** Name of the group, or what is referred to, without its brackets. */
  readonly name: string;
  /** Where the name stands with its brackets; for a plain group its parenthesis. */
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /(\\[kg]|\(\?\()(?:<([^>]*)>|'([^']*)')|\\[^]|\[:\^?[a-z]+:\]|\[\^?\]?|\]|\(\?#(?:\\[^]|[^)\\])*\)|(\(\?)(?:<(?![=!])([^>]*)>|'([^']*)')|\(\?\(|\((?!\?)/g;

/** Groups and references to them in the order of the text. */
export function* scanGroups(source: string): Generator<GroupToken> {
  let depth = 0;
  for (const found of source.matchAll(TOKEN)) {
    const [token, refer, angledRef, quotedRef, open, angledName, quotedName] = found;
    const end = found.index + token.length;
    if (token.startsWith("[:")) continue;
    if (token.startsWith("[")) depth++;
    else if (token === "]") depth = Math.max(0, depth - 1);
    else if (depth > 0) continue;
    else if (token === "(") yield { kind: "plain-group", name: "", start: found.index, end };
    else if (refer)
      yield { kind: "reference", name: (angledRef ?? quotedRef)!, start: found.index + refer.length, end };
    else if (open) yield { kind: "named-group", name: (angledName ?? quotedName)!, start: found.index + 2, end };
  }
}
