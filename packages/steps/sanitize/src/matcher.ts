import type { Budget } from "./budget.ts";
import type { Rule } from "./rule.ts";
import { startsIn } from "./screen-analysis.ts";
import type { Starts } from "./starts.ts";

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
/** At so many places a pattern is tried one by one, instead of being let loose on what follows them. */
const FEW_PLACES = 32;

/** A secret as one rule has found it. Offsets are those of the text that was searched. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** Where in a text matches of a rule may begin. */
interface Window {
  start: number;
  end: number;
  /** Where it begins to be seen. */
  from: number;
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
  #starts: Starts | null | undefined;
  #pattern: RegExp | undefined;
  /** Matches at one place only. */
  #here: RegExp | undefined;
  /** Matches up to the first place in a piece where the pattern does. */
  #nextInPiece: RegExp | undefined;

  constructor(rule: Rule) {
    this.rule = rule;
    this.#before = rule.reach?.before ?? DEFAULT_REACH.before;
    this.#after = rule.reach?.after ?? DEFAULT_REACH.after;
    this.#piece = Math.max(SHORTEST_PIECE, Math.floor(PIECE_WORK / (this.#before + this.#after)));
  }

  /** Adds the places at which a match may begin that has this keyword. Hits come in the order of their ends; true for the first. */
  addKeyword(start: number, end: number): boolean {
    if (this.#starts === undefined) this.#starts = startsIn(this.rule);
    if (this.#starts === null) return this.add(start, end);
    const { before, after } = this.#starts;
    return this.#add({ start: start - before, end: start + after + 1, from: start - this.#before });
  }

  /** Adds all surroundings of a hit. */
  add(start: number, end: number): boolean {
    return this.#add({ start: start - this.#before, end: end + this.#after, from: start - this.#before });
  }

  #add(window: Window): boolean {
    for (;;) {
      const last = this.#windows.at(-1);
      if (last === undefined || window.start > last.end) break;
      window.start = Math.min(window.start, last.start);
      window.end = Math.max(window.end, last.end);
      window.from = Math.min(window.from, last.from);
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
    // Secrets do not overlap.
    let at = 0;
    for (const window of windows) {
      const end = Math.min(window.end, text.length);
      // A pattern may look back as far as the keyword, whatever the piece: `Cookie:` stands before many values.
      const from = Math.max(0, window.from - CONTEXT);
      for (at = Math.max(window.start, at); at < end; ) {
        const piece = { from, start: at, stop: Math.min(at + this.#piece, end) };
        at = this.#findInPiece(text, piece, budget, found);
      }
    }
  }

  /** Finds matches that start in `[start, stop)`, and returns where to go on. */
  #findInPiece(text: string, { from, start, stop }: Piece, budget: Budget, found: (match: Match) => void): number {
    let view = viewOf(text, from, stop + this.#before + this.#after + MARGIN);
    let at = start;
    while (at < stop) {
      budget.check();
      let match = this.#next(view, at - from, stop - from);
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
   * The next match, if it starts in the piece, which ends at `stop`; it may be one behind that. In a view that is much
   * longer than the piece looking for one behind would be most of the work.
   */
  #next(view: string, at: number, stop: number): RegExpExecArray | null {
    if (stop - at <= FEW_PLACES) return this.#nextOfFew(view, at, stop);
    if (view.length <= 4 * this.#piece) return this.#exec(view, at);
    this.#nextInPiece ??= new RegExp(
      `[^]{0,${this.#piece}}?(?=${this.rule.pattern})`,
      this.rule.ignoreCase ? "yi" : "y",
    );
    this.#nextInPiece.lastIndex = at;
    const skipped = this.#nextInPiece.exec(view);
    return skipped && this.#exec(view, at + skipped[0].length);
  }

  #nextOfFew(view: string, at: number, stop: number): RegExpExecArray | null {
    this.#here ??= new RegExp(this.rule.pattern, this.rule.ignoreCase ? "dyi" : "dy");
    for (let place = at; place < stop; place++) {
      this.#here.lastIndex = place;
      const match = this.#here.exec(view);
      if (match) return match;
    }
    return null;
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
