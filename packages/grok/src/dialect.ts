// oniguruma-to-es speaks Oniguruma; Ruby's branch of it, which Logstash runs, has ASCII \d \w \s beside Unicode
// POSIX brackets, properties and word boundaries. The library's flags D, S and W make all of them ASCII: what has to
// stay Unicode is written out here, before and after the translation.

const WORD = String.raw`\p{L}\p{M}\p{N}\p{Pc}`;
const UNICODE: Record<string, string> = { word: WORD, digit: String.raw`\p{Nd}`, space: String.raw`\p{White_Space}` };
const BEFORE = /\\([pP])\{(\^?)\s*(word|digit|space)\s*\}|\[:(\^?)(word|digit|space):\]|\\[^]/gi;

/** Writes out Unicode classes that the library would read as ASCII. */
export function writeOutClasses(source: string): string {
  if (!/:\]|\\p/i.test(source)) return source;
  return source.replace(
    BEFORE,
    (token, letter?: string, caret?: string, property?: string, not?: string, posix?: string) => {
      const members = UNICODE[(property ?? posix ?? "").toLowerCase()];
      if (members === undefined) return token;
      const negate = property ? (letter === "P") !== (caret === "^") : not === "^";
      return `[${negate ? "^" : ""}${members}]`;
    },
  );
}

const ASCII_AROUND = String.raw`(?<![^\x00-\x7f])(?![^\x00-\x7f])`;
const BEYOND_AROUND = String.raw`(?:(?<=[^\x00-\x7f])|(?=[^\x00-\x7f]))`;
/** Quick between ASCII characters, which is nearly always; exact elsewhere. */
const BOUNDARY = `(?:${ASCII_AROUND}\\b|${BEYOND_AROUND}(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}])))`;

/** Makes `\b` and `\B` of a translated expression (flag `v`) see Unicode words. */
export function widenBoundaries(pattern: string): string {
  if (!/\\b/i.test(pattern)) return pattern;
  let depth = 0;
  return pattern.replace(/\\[^]|[[\]]/g, (token) => {
    if (token === "[") depth++;
    else if (token === "]") depth--;
    else if (depth === 0 && token === "\\b") return BOUNDARY;
    else if (depth === 0 && token === "\\B") return `(?!${BOUNDARY})`;
    return token;
  });
}
