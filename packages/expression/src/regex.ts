import { errorText } from "@sluice/core";

const LEADING_FLAGS = /^\(\?([ims]+)\)/;

/**
 * A regular expression for `matches()`. CEL means RE2; this is JavaScript's engine with RE2's leading `(?i)` and
 * `(?P<name>…)`. Unlike RE2 it backtracks, so a pattern like `(a+)+$` can be slow on hostile lines. Throws SyntaxError.
 */
export function compileRegex(pattern: string): RegExp {
  const flags = LEADING_FLAGS.exec(pattern)?.[1] ?? "";
  const source = pattern.replace(LEADING_FLAGS, "").replaceAll("(?P<", "(?<");
  const unique = [...new Set(flags)].join("");
  try {
    return new RegExp(source, `${unique}u`);
  } catch {
    return new RegExp(source, unique); // the Unicode mode knows no needless escapes such as \_ or \-
  }
}

/** The engine's complaint without the pattern in front of it. */
export function regexProblem(error: unknown): string {
  return errorText(error).replace(/^Invalid regular expression: \/.*\/\w*: /s, "");
}

const CHECK_MS = 4000;

/** Says of a regular expression how it can become slow; null when it cannot, or when that cannot be told in time. */
export async function slowness({ source, flags }: RegExp): Promise<string | null> {
  // Loaded here because it is large and only validation needs it.
  const { check } = await import("recheck");
  const result = await check(source, flags, { timeout: CHECK_MS });
  if (result.status !== "vulnerable" || result.complexity.type !== "exponential") return null;
  return `matches(${JSON.stringify(source)}) can take exponential time, e.g. on ${result.attack.pattern}`;
}
