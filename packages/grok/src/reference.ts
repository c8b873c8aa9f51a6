/** `%{SYNTAX:SEMANTIC:TYPE=definition}` as written. */
export interface Reference {
  readonly start: number;
  readonly end: number;
  /** SYNTAX: the pattern's name. */
  readonly pattern: string;
  /** `SYNTAX:SEMANTIC:TYPE`, the name under which it captures; equals `pattern` when it has no SEMANTIC. */
  readonly name: string;
  /** Expression given in place, which becomes the pattern's definition. */
  readonly definition: string | undefined;
}

// The class [A-z] is Logstash's: it takes [ \ ] ^ _ and ` too.
const HEAD = /%\{([A-z0-9]+)(?::([@[\]A-z0-9_:.-]+))?/g;

/** The first reference at or after `from`. What Logstash does not read as one is plain text of the expression. */
export function findReference(text: string, from: number): Reference | null {
  HEAD.lastIndex = from;
  for (let head = HEAD.exec(text); head; head = HEAD.exec(text)) {
    const afterName = head.index + head[0].length;
    const definitionEnd = text[afterName] === "=" ? endOfDefinition(text, afterName + 1) : afterName + 1;
    const hasDefinition = definitionEnd > afterName + 1;
    const close = text.indexOf("}", hasDefinition ? definitionEnd : afterName);
    if (close < 0) return null;
    return {
      start: head.index,
      end: close + 1,
      pattern: head[1]!,
      name: head[2] === undefined ? head[1]! : `${head[1]}:${head[2]}`,
      definition: hasDefinition ? text.slice(afterName + 1, definitionEnd) : undefined,
    };
  }
  return null;
}

/** End of an in-place definition: braces in it are balanced unless escaped; `from` when there is none. */
function endOfDefinition(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "{") depth++;
    else if (char === "}" && depth-- === 0) return at;
  }
  return from;
}
