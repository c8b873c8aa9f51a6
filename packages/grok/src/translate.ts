import { toRegExpDetails } from "oniguruma-to-es";
import { widenBoundaries, writeOutClasses } from "./dialect.ts";

/** A JS expression and where in its result the groups of the Oniguruma one are. */
export interface Translation {
  readonly regexp: RegExp;
  /** Index in the result of the n-th group of the source: `groupIndex[n - 1]`. */
  readonly groupIndex: readonly number[];
}

/**
 * Translates an expression of Ruby's dialect, `.` matching newlines. Null when the library cannot, or when it needs
 * more than a plain `RegExp`; the reason is then of no interest, because the machine takes over.
 */
export function translate(source: string): Translation | null {
  try {
    const { pattern, flags, options } = toRegExpDetails(writeOutClasses(source), { flags: "mDSW" });
    if (options?.strategy || options?.transfers?.length) return null;
    const hidden = new Set(options?.hiddenCaptures);
    const groupIndex = Array.from({ length: countGroups(pattern) }, (_, i) => i + 1).filter((i) => !hidden.has(i));
    return { regexp: new RegExp(widenBoundaries(withoutNames(pattern)), flags), groupIndex };
  } catch {
    return null;
  }
}

/** Capturing groups of a JavaScript expression. */
function countGroups(pattern: string): number {
  let depth = 0;
  let groups = 0;
  for (const [token] of pattern.matchAll(/\\[^]|[[\]]|\((?!\?)|\(\?<(?![=!])/g)) {
    if (token === "[") depth++;
    else if (token === "]") depth--;
    else if (depth === 0 && token.startsWith("(")) groups++;
  }
  return groups;
}

/** Unnamed: with names V8 builds an object of all groups for each match. The library refers to groups by number. */
function withoutNames(pattern: string): string {
  return pattern.replace(/\\[^]|\(\?<n\d+>/g, (token) => (token.startsWith("\\") ? token : "("));
}
