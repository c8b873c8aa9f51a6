import { toRegExpDetails } from "oniguruma-to-es";

/** A JS expression and where in its result the groups of the Oniguruma one are. */
export interface Translation {
  readonly regexp: RegExp;
  /** Index in the result of the n-th group of the source, `groupIndex[n - 1]`. */
  readonly groupIndex: readonly number[];
}

/** Translates Ruby's Oniguruma dialect. Throws whatever the library throws. */
export function translate(source: string): Translation {
  const { pattern, flags, options } = toRegExpDetails(source, { flags: "mDSW" });
  const hidden = new Set(options?.hiddenCaptures);
  const regexp = new RegExp(pattern, flags);
  const groups = new RegExp(`${pattern}|`, flags).exec("")!.length - 1;
  const groupIndex = Array.from({ length: groups }, (_, i) => i + 1).filter((i) => !hidden.has(i));
  return { regexp, groupIndex };
}
