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
    const regexp = new RegExp(widenBoundaries(pattern), flags);
    const groups = new RegExp(`${pattern}|`, flags).exec("")!.length - 1;
    probe(regexp);
    const groupIndex = Array.from({ length: groups }, (_, i) => i + 1).filter((i) => !hidden.has(i));
    return { regexp, groupIndex };
  } catch {
    return null;
  }
}

/** V8 compiles at the first two uses, apart for Latin-1 and other text, and only then finds an expression too large. */
function probe(regexp: RegExp): void {
  for (const text of ["", "", "\u{100}", "\u{100}"]) regexp.exec(text);
}
