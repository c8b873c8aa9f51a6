import { ORDINARY } from "./ordinary.ts";

/**
 * Part of a literal by which it is found: the four bytes at a place that the scan looks at. The two in the middle are
 * the literal's; before them or behind them may be the literal's edge.
 */
export interface Fragment {
  readonly literal: number;
  /** From the literal's start to that place: -1 where the literal begins with the second byte. */
  readonly back: number;
}

/** The bits of all characters of which the lowest five bits are the same as this one's; all bits beyond a text's edge. */
export function bitOf(text: string, at: number): number {
  return at >= 0 && at < text.length ? 1 << (text.charCodeAt(at) & 31) : -1;
}

/**
 * Two fragments for each literal, which is in lower case. The scan looks at every second place, so whether a literal
 * begins at an even or an odd one, a fragment of it has to begin at a place that is looked at.
 *
 * Chooses fragments that ordinary logs do not have, given those that are chosen already.
 */
export function chooseFragments(literals: readonly string[]): Fragment[] {
  const passing = new Passing();
  return literals.flatMap((text, literal) => [
    { literal, back: passing.choose(text, 0) },
    { literal, back: passing.choose(text, -1) },
  ]);
}

const CHARS = 128;

/** Which places of the ordinary text pass the filter so far. */
class Passing {
  /** By pair: the characters that may stand before and behind it. */
  readonly #before = new Int32Array(CHARS ** 2);
  readonly #behind = new Int32Array(CHARS ** 2);
  /** By pair: its last place in the ordinary text, and the place before each place; -1: none. */
  readonly #last = new Int16Array(CHARS ** 2).fill(-1);
  readonly #previous = previousPlaces(this.#last);

  /** The place `back` for which the fewest more places pass; every second one is possible from `first` on. */
  choose(text: string, first: number): number {
    let best = first;
    let least = Number.POSITIVE_INFINITY;
    for (let back = first; back + 3 <= text.length && least > 0; back += 2) {
      const cost = this.#cost(text, back);
      if (cost >= least) continue;
      best = back;
      least = cost;
    }
    const pair = pairAt(text, best + 1);
    this.#before[pair] = (this.#before[pair] as number) | bitOf(text, best);
    this.#behind[pair] = (this.#behind[pair] as number) | bitOf(text, best + 3);
    return best;
  }

  #cost(text: string, back: number): number {
    const pair = pairAt(text, back + 1);
    const before = (this.#before[pair] as number) | bitOf(text, back);
    const behind = (this.#behind[pair] as number) | bitOf(text, back + 3);
    let cost = 0;
    for (let at = this.#last[pair] as number; at >= 0; at = this.#previous[at] as number) {
      if ((before & bitOf(ORDINARY, at - 1)) !== 0 && (behind & bitOf(ORDINARY, at + 2)) !== 0) cost++;
    }
    return cost;
  }
}

/** For each place in the ordinary text the place before it with the same pair; notes the last ones. */
function previousPlaces(last: Int16Array): Int16Array {
  const previous = new Int16Array(ORDINARY.length);
  // As a callback, since V8 optimizes a long loop while it runs, which takes longer than this one.
  previous.subarray(0, -2).forEach((_, at) => {
    const pair = pairAt(ORDINARY, at);
    previous[at] = last[pair] as number;
    last[pair] = at;
  });
  return previous;
}

function pairAt(text: string, at: number): number {
  return text.charCodeAt(at) * CHARS + text.charCodeAt(at + 1);
}
