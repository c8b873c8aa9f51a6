import type { Budget } from "./budget.ts";
import type { Rule } from "./rule.ts";

export const DEFAULT_REACH = { before: 96, after: 512 };
/** Characters that a pattern sees on each side of its window, for word boundaries and look-arounds. */
export const CONTEXT = 32;
/** How far a match may reach beyond its window: a rule's reach says how far a secret usually goes. */
const MARGIN = 4096;
/**
 * A long window is worked on in pieces, so that one run of a pattern is short and the budget is looked at often. From
 * each of a piece's characters a pattern may look as far as its rule reaches; this is the product of both.
 */
const PIECE_WORK = 524_288;
const SHORTEST_PIECE = 64;

/** A secret as one rule has found it. Offsets are those of the text that was searched. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** A part of a text in which a rule's pattern has to be tried. */
interface Window {
  start: number;
  end: number;
}

/** A part of a window, and where that begins to be seen. */
interface Piece {
  readonly from: number;
  readonly start: number;
  readonly stop: number;
}

/** One rule, ready to run: collects the windows around its hits, then finds its secrets in them. */
export class Matcher {
  readonly rule: Rule;
  readonly #before: number;
  readonly #after: number;
  readonly #piece: number;
  readonly #windows: Window[] = [];
  #pattern: RegExp | undefined;
  /** Matches up to the first place in a piece where the pattern does. */
  #nextInPiece: RegExp | undefined;

  constructor(rule: Rule) {
    this.rule = rule;
    this.#before = rule.reach?.before ?? DEFAULT_REACH.before;
    this.#after = rule.reach?.after ?? DEFAULT_REACH.after;
    this.#piece = Math.max(SHORTEST_PIECE, Math.floor(PIECE_WORK / (this.#before + this.#after)));
  }

  /** Adds the surroundings of a hit. Hits come in the order of their ends; true for the first. */
  add(start: number, end: number): boolean {
    const window = { start: start - this.#before, end: end + this.#after };
    for (;;) {
      const last = this.#windows.at(-1);
      if (last === undefined || window.start > last.end) break;
      window.start = Math.min(window.start, last.start);
      window.end = Math.max(window.end, last.end);
      this.#windows.pop();
    }
    return this.#windows.push(window) === 1;
  }

  /** Forgets the windows. */
  clear(): void {
    this.#windows.length = 0;
  }

  /** Finds the secrets that start in the windows, and forgets these. */
  find(text: string, budget: Budget, found: (match: Match) => void): void {
    const windows = this.#windows.splice(0);
    for (const window of windows) {
      const end = Math.min(window.end, text.length);
      // A pattern may look back as far as the keyword, whatever the piece: `Cookie:` stands before many values.
      const from = Math.max(0, window.start - CONTEXT);
      for (let start = Math.max(window.start, 0); start < end; ) {
        const piece = { from, start, stop: Math.min(start + this.#piece, end) };
        start = this.#findInPiece(text, piece, budget, found);
      }
    }
  }

  /** Finds matches that start in `[start, stop)`, and returns where to go on. */
  #findInPiece(text: string, { from, start, stop }: Piece, budget: Budget, found: (match: Match) => void): number {
    let view = viewOf(text, from, stop + this.#before + this.#after + MARGIN);
    let at = start;
    while (at < stop) {
      budget.check();
      let match = this.#next(view, at - from);
      if (match === null || from + match.index >= stop) return stop;
      while (from + view.length < text.length && match.index + match[0].length > view.length - CONTEXT) {
        // The pattern may have stopped only because the view did: what is left over of a secret would stay.
        budget.check();
        view = viewOf(text, from, from + 2 * view.length);
        match = this.#exec(view, at - from) ?? match;
      }
      const secret = secretOf(match);
      const accepted = secret.end > secret.start && this.#accepts(match, view.slice(secret.start, secret.end));
      if (accepted) found({ start: from + secret.start, end: from + secret.end });
      const resume = accepted ? secret.end : secret.start;
      at = from + Math.max(resume, match.index + 1);
    }
    return at;
  }

  #accepts(match: RegExpExecArray, secret: string): boolean {
    return this.rule.validate?.(secret, match) ?? true;
  }

  /**
   * The next match, if it starts in the piece; it may be one behind that. In a view that is much longer than the piece
   * looking for one behind would be most of the work.
   */
  #next(view: string, at: number): RegExpExecArray | null {
    if (view.length <= 4 * this.#piece) return this.#exec(view, at);
    this.#nextInPiece ??= new RegExp(
      `[^]{0,${this.#piece}}?(?=${this.rule.pattern})`,
      this.rule.ignoreCase ? "yi" : "y",
    );
    this.#nextInPiece.lastIndex = at;
    const skipped = this.#nextInPiece.exec(view);
    return skipped && this.#exec(view, at + skipped[0].length);
  }

  #exec(view: string, at: number): RegExpExecArray | null {
    this.#pattern ??= new RegExp(this.rule.pattern, this.rule.ignoreCase ? "dgi" : "dg");
    this.#pattern.lastIndex = at;
    return this.#pattern.exec(view);
  }
}

function viewOf(text: string, from: number, to: number): string {
  return from === 0 && to >= text.length ? text : text.slice(from, to);
}

/** Where the group `secret` matched, or all of it. */
function secretOf(match: RegExpExecArray): Match {
  const group = match.indices?.groups?.["secret"];
  return group ? { start: group[0], end: group[1] } : { start: match.index, end: match.index + match[0].length };
}
