import { REPLACEMENT } from "./action.ts";
import type { Match } from "./matcher.ts";

/** Where an earlier run has replaced something. */
export function replacementsIn(text: string): readonly Match[] {
  return Array.from(text.matchAll(REPLACEMENT), ({ 0: { length }, index }) => ({ start: index, end: index + length }));
}

/** The text with the inside of each replacement as asterisks; lengths stay. */
export function masked(text: string): string {
  return text.replace(REPLACEMENT, (found) =>
    found.startsWith("[") ? `[${"*".repeat(found.length - 2)}]` : "*".repeat(found.length),
  );
}

/** Whether a match holds nothing but replacements, and signs between them. */
export function isReplaced(text: string, { start, end }: Match, replacements: readonly Match[]): boolean {
  let rest = "";
  let at = start;
  for (const replacement of replacements) {
    if (replacement.end <= start) continue;
    if (replacement.start >= end) break;
    rest += text.slice(at, Math.max(at, replacement.start));
    at = replacement.end;
  }
  return at > start && !/[\p{L}\p{N}]/u.test(rest + text.slice(at, Math.max(at, end)));
}
