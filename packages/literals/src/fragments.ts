import { commonness } from "./ordinary.ts";

/** Part of a literal by which it is found. */
export interface Fragment {
  readonly literal: number;
  /** Where in the literal it begins. */
  readonly back: number;
  /** Three characters, or the last two of a literal of three. */
  readonly group: string;
}

/**
 * Two fragments for each literal. The scan looks at every second place, so whether a literal begins at an even or an odd
 * one, a fragment of it has to begin at a place that is looked at.
 */
export function chooseFragments(literals: readonly string[]): Fragment[] {
  return literals.flatMap((text, literal) =>
    [0, 1].map((parity) => {
      const back = rarest(text, parity);
      return { literal, back, group: text.slice(back, back + 3) };
    }),
  );
}

function rarest(text: string, parity: number): number {
  let best = parity;
  let least = commonness(text, parity);
  for (let at = parity + 2; at + 3 <= text.length; at += 2) {
    const found = commonness(text, at);
    if (found >= least) continue;
    best = at;
    least = found;
  }
  return best;
}
