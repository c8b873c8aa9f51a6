import { runWithTimeout } from "@sluice/runtime/timeout";
import { Budget, type Sanitizer, TextWithheld } from "@sluice/step-sanitize";
import { type Block, blocksOf } from "./blocks.ts";
import type { Find, Replacement } from "./edits.ts";
import { keyLines, withKeyLines } from "./key-lines.ts";

/** The name under which a line that could not be checked appears among the findings. */
export const WITHHELD = "withheld";
const WITHHELD_TEXT = "[withheld: not checked for secrets]";
/** Characters that are checked within one budget; a longer text has more time. */
const UNIT = 4096;
/** How much longer than its budget a text may take, by the clock, before it is stopped wherever it is. */
const PATIENCE = 4;
const PATIENCE_MS = 250;

export interface FinderOptions {
  /** Makes a sanitizer with `keepLineEnds`; again after one was stopped. */
  readonly create: () => Sanitizer;
  /** Follow private keys over lines of which none shows that it is a part of one. */
  readonly keys: boolean;
  /** There are patterns of the user's, which may take exponential time. Watching the clock for them costs time as well. */
  readonly mayHang: boolean;
  /** Milliseconds of CPU time for a line, or for each 4 KiB of a long one. */
  readonly budget: number;
}

/**
 * Finds what a sanitizer would replace. Where the time for a text is over its lines are checked one by one, and only
 * those that cannot be checked are withheld.
 */
export function finder(options: FinderOptions): Find {
  let sanitizer = options.create();
  const inTime = (text: string): readonly Replacement[] | undefined => {
    const time = options.budget * Math.ceil(text.length / UNIT);
    const look = () => replacements(text, sanitizer, { ...options, budget: time });
    if (!options.mayHang) return look();
    const result = runWithTimeout(look, limit(time));
    if (!result.timedOut) return result.value;
    // What was stopped may be left in any state.
    sanitizer = options.create();
    return undefined;
  };
  return (text) => inTime(text) ?? [...linesOf(text)].flatMap(([line, at]) => moved(inTime(line), line, at));
}

function limit(budget: number): number {
  return budget * PATIENCE + PATIENCE_MS;
}

/** Undefined: not within the budget. */
function replacements(text: string, sanitizer: Sanitizer, { keys, budget }: FinderOptions) {
  try {
    const time = new Budget(budget);
    const found = [...blocksOf(text)].flatMap((block) => replacementsIn(block, sanitizer, time));
    return keys ? withKeyLines(text, found, keyLines(text, sanitizer)) : found;
  } catch (error) {
    if (error instanceof TextWithheld) return undefined;
    throw error;
  }
}

function replacementsIn(block: Block, sanitizer: Sanitizer, time: Budget): Replacement[] {
  return sanitizer.find(block.text, time).map((finding) => ({
    rule: finding.rule,
    start: block.start + finding.start,
    end: block.start + finding.end,
    text: sanitizer.replacement(finding, block.text.slice(finding.start, finding.end)),
    wholeLines: finding.action === "drop",
  }));
}

/** What was found in a line, by its offsets in the text; the line itself when it could not be checked. */
function moved(found: readonly Replacement[] | undefined, line: string, at: number): readonly Replacement[] {
  const all = found ?? [{ rule: WITHHELD, start: 0, end: line.length, text: WITHHELD_TEXT }];
  return all.map((replacement) => ({ ...replacement, start: at + replacement.start, end: at + replacement.end }));
}

/** The lines of a text that hold something, without their ends, and where each starts. */
function* linesOf(text: string): Generator<[line: string, at: number]> {
  for (const match of text.matchAll(/[^\r\n]+/g)) yield [match[0], match.index];
}
