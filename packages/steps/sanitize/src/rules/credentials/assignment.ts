import { isPlaceholder, isReference } from "../../validators/placeholder.ts";

/** What may close a key: `"password"`, `['password']`, `password[]`, escaped quotes. */
const CLOSE = String.raw`(?:\\{0,4}["'\x60]|\]|\[\d{0,4}\]){0,2}`;
/**
 * What binds a value to a key: `=`, `:`, `:=`, `::=`, `=>`, `==`, `!==`, `?=`, `.=`. Go, Scala and Python put a type before it; a list of one
 * value may follow, or PHP's type and length.
 */
const BIND = String.raw`[ \t]{0,32}(?:string[ \t]{1,4}|:[ \t]{0,4}[a-z]{2,16}\??[ \t]{0,4}(?==))?(?<bind>:{0,3}={1,3}>?|!={1,2}|:{1,2}(?!//)|->|[?.+]=)[ \t]{0,32}(?:string\(\d{1,5}\)[ ]|\[{1,2}(?=[^\s\]]))?`;
/** A value in quotes, which may be escaped themselves. */
const QUOTED = String.raw`(?:@|[bru]{1,2}(?=["']))?(?<quote>\\{0,4}["'\x60])(?<secret>(?:(?!\k<quote>)(?:\\.|[^\\\r\n])){1,4096})(?=\k<quote>)`;
/** A value that ends where the next field begins. */
const bare = (longest: number, notFirst: string): string =>
  String.raw`["'\x60]?(?<secret>(?![([{<,;:=&\\${notFirst}])[^\s"'\x60](?:(?!\\[nrt"'])[^\s"'\x60&,;<]|[,;](?![\s,;"'\x60]|$|[\w .-]{1,30}=)|<(?!\/)){0,${longest}})(?<![)\]},;:])`;

/**
 * The pattern of an assignment of a value, in quotes or not, to a key. The key is a pattern; it goes on with `suffix`.
 *
 * @param longest Characters of a value without quotes. Many keys in a row cost this much time each.
 * @param notFirst Characters with which a value without quotes does not begin, as part of a character class.
 */
export function assigned(key: string, longest = 2048, notFirst = ""): string {
  return String.raw`(?:${key})(?<suffix>[\w.-]{0,32})${CLOSE}${BIND}(?:${QUOTED}|${bare(longest, notFirst)})`;
}

/** The pattern of a key and a value that are two arguments of a call: `setProperty("x_token", "…")`. */
export function argument(key: string): string {
  return String.raw`(?:${key})(?<suffix>[\w.-]{0,32})["'\x60][ \t]{0,8},[ \t\r\n]{0,32}(?<quote>["'\x60])(?:\\?["'])?(?<secret>[^"'\x60\r\n\\]{1,1024})(?:\\?["'])?\k<quote>`;
}

/** An assignment, taken apart. */
export interface Assignment {
  readonly value: string;
  /** The words of the key before and after the part that the rule looked for, in lower case. */
  readonly before: string;
  readonly after: string;
  readonly quoted: boolean;
  /** True where a colon binds in the middle of a sentence: `invalid password: user root`. */
  readonly prose: boolean;
}

/** Takes a match of {@link assigned} apart; undefined where the value is a placeholder or comes from elsewhere. */
export function assignmentOf(value: string, match: RegExpExecArray): Assignment | undefined {
  const groups = match.groups ?? {};
  if (isPlaceholder(value) || isReference(value)) return undefined;
  const quoted = groups["quote"] !== undefined;
  const end = match.index + match[0].length;
  if (!quoted && /^[([]/.test(match.input.slice(end, end + 1)) && /^[\w.>:-]+$/.test(value)) return undefined;
  const line = lineBefore(match);
  return {
    value,
    before: lastWord(/[\w.-]*$/.exec(line)?.[0] ?? ""),
    after: lastWord(groups["suffix"] ?? ""),
    quoted,
    prose:
      !quoted && /^:{1,2}$/.test(groups["bind"] ?? "") && !/^[\s>*#|$@-]*["']?[\w.-]*$|[{,[][\s"']*[\w.-]*$/.test(line),
  };
}

/** The line up to a match; of a long one its end, after a character that no line begins with. */
function lineBefore(match: RegExpExecArray): string {
  const before = textBefore(match, 128);
  const lineEnd = before.lastIndexOf("\n");
  return lineEnd < 0 && match.index > 128 ? `…${before}` : before.slice(lineEnd + 1);
}

/** Up to so many characters before a match. A pattern that ends in `$` would walk through all of a long text. */
export function textBefore({ input, index }: RegExpExecArray, length = 40): string {
  return input.slice(Math.max(0, index - length), index);
}

function lastWord(name: string): string {
  return (
    name
      .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
      .toLowerCase()
      .split(/[_.-]+/)
      .findLast((word) => word !== "") ?? ""
  );
}
