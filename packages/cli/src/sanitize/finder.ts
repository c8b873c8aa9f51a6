import { ownCpuMs, runWithTimeout } from "@sluice/runtime/timeout";
import { Budget, type Finding, quoteFor, type Sanitizer, TextWithheld } from "@sluice/step-sanitize";
import { type Block, blocksOf } from "./blocks.ts";
import type { Find, Replacement } from "./edits.ts";
import { keyLines, withKeyLines } from "./key-lines.ts";

/** The name under which a line that could not be checked appears among the findings. */
export const WITHHELD = "withheld";
const WITHHELD_TEXT = "[withheld: not checked for secrets]";
/** Characters that are checked within one budget; a longer text has more time. */
const UNIT = 4096;
/** A shorter secret may stand anywhere by chance. */
const SHORTEST_KNOWN = 6;
/** Findings times characters. */
const MAX_REPEAT_WORK = 4_194_304;
/** How much longer than its budget a text may take before it is stopped wherever it is. */
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
  let sanitizer = ready(options);
  const inTime = (text: string): readonly Replacement[] | undefined => {
    const time = options.budget * Math.ceil(text.length / UNIT);
    const find = () => replacements(text, sanitizer, { ...options, budget: time });
    if (!options.mayHang) return find();
    for (let patience = limit(time); ; patience *= 2) {
      const started = ownCpuMs();
      const result = runWithTimeout(find, patience);
      if (!result.timedOut) return result.value;
      // What was stopped may be left in any state.
      sanitizer = ready(options);
      // The clock runs on while this thread waits for a busy machine: that is not the text's fault.
      if (ownCpuMs() - started >= limit(time)) return undefined;
    }
  };
  // Again, as a text may have had to pay for what only the first of its kind pays: patterns are compiled when first used.
  const look = (text: string): readonly Replacement[] | undefined => inTime(text) ?? inTime(text);
  const lineByLine = (text: string): readonly Replacement[] => {
    const found = [...linesOf(text)].flatMap(([line, at]) => moved(look(line), line, at));
    return options.keys ? withKeyLines(text, found, keyLines(text, sanitizer)) : found;
  };
  return (text) => look(text) ?? lineByLine(text);
}

/** A sanitizer that has made its tables, which should not count as the time of its first text. */
function ready({ create }: FinderOptions): Sanitizer {
  const sanitizer = create();
  sanitizer.find("", new Budget(Number.POSITIVE_INFINITY));
  return sanitizer;
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
  const findings = sanitizer.find(block.text, time);
  // In a text of very many secrets, looking for each again would take the time that checking it needs.
  const again = findings.length * block.text.length <= MAX_REPEAT_WORK;
  const all = again ? [...findings, ...repeated(block.text, findings, sanitizer, time)] : findings;
  return all
    .toSorted((a, b) => a.start - b.start)
    .map((finding) => ({
      rule: finding.rule,
      start: block.start + finding.start,
      end: block.start + finding.end,
      text: sanitizer.replacement(finding, block.text.slice(finding.start, finding.end)),
      wholeLines: finding.action === "drop",
    }));
}

/** The same secrets where nothing around them shows what they are, as the step finds them in the rest of an event. */
function* repeated(text: string, findings: readonly Finding[], sanitizer: Sanitizer, time: Budget): Generator<Finding> {
  const taken = new Uint8Array(text.length);
  for (const { start, end } of findings) taken.fill(1, start, end);
  const longestFirst = findings.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  for (const finding of longestFirst) {
    const length = finding.end - finding.start;
    if (length < SHORTEST_KNOWN || sanitizer.isInPlace(finding)) continue;
    const secret = text.slice(finding.start, finding.end);
    for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + length)) {
      time.check();
      const end = start + length;
      if (taken.subarray(start, end).includes(1)) continue;
      taken.fill(1, start, end);
      yield { rule: finding.rule, action: finding.action, start, end, quote: quoteFor(text, start, end) };
    }
  }
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
