import { KeyBlock, type KeyPart, type Sanitizer } from "@sluice/step-sanitize";
import type { Range, Replacement } from "./edits.ts";

/** The rule that finds whole keys. */
export const KEY_RULE = "private-key";

const BEGIN = /^.*BEGIN [A-Z0-9_ ]{0,60}PRIVATE KEY[A-Z ]{0,30}-{4,5}/;
const END = /-{4,5} ?END [A-Z0-9_ ]{0,60}PRIVATE KEY[A-Z ]{0,30}-{0,5}$/;
/** What a line of a key ends with, behind the prefix of a log. */
const TAIL = /(?<=^|[\s"'|>\]:])[A-Za-z0-9+/=]+["',\\]{0,3}\s*$/;
const MATERIAL = /[A-Za-z0-9+/]{16}/;
const REPLACED = /^\s*\[(?:redacted|hash):/;

/**
 * Replaces the lines of private keys that go over several lines, whether or not they end, also behind prefixes of a log.
 * What says that there was a key stays: `-----BEGIN …`, `-----END …`.
 */
export function keyLines(text: string, sanitizer: Sanitizer): Replacement[] {
  if (!text.includes("PRIVATE KEY")) return [];
  const chosen = sanitizer.actionOf({ name: KEY_RULE, sets: ["default", "secrets"] });
  // There is nothing whole to take a hash or the last characters of.
  const action = chosen === "hash" || chosen === "partial" ? "redact" : chosen;
  const replacement = sanitizer.replacement({ rule: KEY_RULE, action }, "");
  const block = new KeyBlock();
  const found: Replacement[] = [];
  let inKey = false;
  for (const { 0: line, index } of text.matchAll(/[^\r\n]+/g)) {
    for (const part of block.next(line)) {
      if (part.begins) inKey = false;
      const { start, end } = material(line, part);
      const key = line.slice(start, end);
      if (key === "" || REPLACED.test(key) || (!inKey && !MATERIAL.test(key))) continue;
      const place = { start: index + start, end: index + end, wholeLines: action === "drop" };
      found.push({ ...place, rule: KEY_RULE, text: inKey ? "" : replacement, goesOn: inKey });
      inKey = true;
    }
  }
  return found;
}

/** The part of a line that is the key itself. */
function material(line: string, { start, end, begins }: KeyPart): Range {
  const part = line.slice(start, end);
  if (begins) return { start: start + (BEGIN.exec(part)?.[0].length ?? 0), end };
  const marker = END.exec(part);
  if (marker) return { start, end: start + marker.index };
  const tail = TAIL.exec(part);
  return { start: start + (tail?.index ?? 0), end };
}

/**
 * Both in order. Where the rule has found a whole key nothing is left to do. What it takes for a key of several lines
 * that does not end may be any text: there only the lines count.
 */
export function withKeyLines(
  text: string,
  found: readonly Replacement[],
  lines: readonly Replacement[],
): readonly Replacement[] {
  const touches = (a: Range, b: Range): boolean => a.start <= b.end && a.end >= b.start;
  const isKey = ({ rule }: Replacement): boolean => rule === KEY_RULE;
  const ends = ({ end }: Range): boolean => /^\s*-{0,5} ?END /.test(text.slice(end, end + 100));
  const isCut = (other: Replacement): boolean =>
    isKey(other) && !ends(other) && text.slice(other.start, other.end).includes("\n");
  const whole = found.filter((other) => isKey(other) && ends(other));
  const open = lines.filter((line) => !whole.some((key) => touches(key, line)));
  const stays = (other: Replacement): boolean =>
    whole.includes(other) || !(isCut(other) || open.some((line) => touches(other, line)));
  return [...found.filter(stays), ...open].toSorted((a, b) => a.start - b.start);
}
