import type { Match } from "./matcher.ts";

/** A part of the original text that has to go, and the rule that gives it its name. */
export interface Edit extends Match {
  /** Place of the rule in the list: the lower, the more specific. */
  readonly order: number;
}

/** Rounds after which what is found is widened to all of its word, and to everything between two spaces. */
const WORD_AFTER = 4;
const ALL_AFTER = 16;

/**
 * An edit of a later round with what stands around it. A secret may be found only when the one beside it is gone; of a
 * text made of these each round would take one, and there may be thousands.
 */
export function widened(text: string, edit: Edit, round: number): Edit {
  if (round <= WORD_AFTER) return edit;
  const part = round <= ALL_AFTER ? /[\w+/=.~-]/ : /\S/;
  let { start, end } = edit;
  while (start > 0 && part.test(text[start - 1] as string)) start--;
  while (end < text.length && part.test(text[end] as string)) end++;
  return { ...edit, start, end };
}

/** A text with its edits carried out, and where they came to lie. */
export interface Rendered {
  readonly text: string;
  readonly edits: readonly Edit[];
  /** Offsets of the replacements in `text`. */
  readonly placed: readonly Match[];
}

/**
 * Merges what overlaps into one edit: nothing that a rule has found may stay because another one found a part of it. The
 * most specific rule gives the name. The result is sorted.
 */
export function mergeEdits(edits: readonly Edit[]): Edit[] {
  const sorted = edits.toSorted((a, b) => a.start - b.start || b.end - a.end || a.order - b.order);
  const merged: Edit[] = [];
  for (const edit of sorted) {
    const last = merged.at(-1);
    if (last === undefined || edit.start >= last.end) merged.push(edit);
    else {
      const order = Math.min(last.order, edit.order);
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, edit.end), order };
    }
  }
  return merged;
}

/** Carries out merged edits. */
export function render(original: string, edits: readonly Edit[], replace: (edit: Edit) => string): Rendered {
  const parts: string[] = [];
  const placed: Match[] = [];
  let copied = 0;
  let length = 0;
  for (const edit of edits) {
    const replacement = replace(edit);
    length += edit.start - copied;
    placed.push({ start: length, end: length + replacement.length });
    length += replacement.length;
    parts.push(original.slice(copied, edit.start), replacement);
    copied = edit.end;
  }
  parts.push(original.slice(copied));
  return { text: parts.join(""), edits, placed };
}

/** Where a part of a rendered text lies in the original; a touched replacement counts as a whole. */
export function toOriginal({ edits, placed }: Rendered, { start, end }: Match): Match {
  return { start: mapOffset(edits, placed, start, "start"), end: mapOffset(edits, placed, end, "end") };
}

function mapOffset(edits: readonly Edit[], placed: readonly Match[], offset: number, side: "start" | "end"): number {
  let low = 0;
  let high = placed.length;
  // The last replacement that begins before the offset (for a start: at it, unless it is empty).
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = placed[middle] as Match;
    if (side === "start" ? at.start <= offset : at.start < offset) low = middle + 1;
    else high = middle;
  }
  const edit = edits[low - 1];
  const at = placed[low - 1];
  if (edit === undefined || at === undefined) return offset;
  if (offset >= at.end) return edit.end + (offset - at.end);
  return side === "start" ? edit.start : edit.end;
}
