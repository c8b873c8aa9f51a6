import * as fc from "fast-check";

/** A random expression of the subset, with texts that it is likely to match. */
export interface RandomPattern {
  readonly source: string;
  readonly groups: number;
  /** Makes a text along the expression; `pick(n)` chooses below n. */
  readonly sample: (pick: (n: number) => number) => string;
}

interface Piece {
  readonly source: string;
  readonly sample: RandomPattern["sample"];
  readonly nullable: boolean;
  readonly captures: boolean;
}

const LITERALS = ["a", "b", "-", " ", "é", "\\.", "1", '"', "ab", "a-", "b b", "\\[", "http", "a1a1a1a1b"];
const CLASSES: readonly (readonly [source: string, samples: string])[] = [
  ["[ab]", "ab"],
  ["[^a]", "b1é -"],
  ['[^ "]', "abé1"],
  ["[^ab1-]", 'é " .'],
  [".", "abé1 -"],
  ["\\d", "123"],
  ["\\w", "a1_b"],
  ["\\S", "aé1."],
  ["\\s", " \t"],
  ["\\W", "é .-"],
  ["[a-c1-3_.]", "ac13_."],
  ["[[:alpha:]]", "abé"],
  ["\\h", "0af"],
  ["[^\\]]", "a[é"],
];
const SUFFIXES = ["?", "*", "+", "*", "+", "??", "*?", "+?", "?+", "*+", "++", "{2}", "{1,2}", "{0,3}", "{2,}", "{,2}"];

const literal = fc.constantFrom(...LITERALS).map((source): Piece => {
  const text = source.replaceAll("\\", "");
  return { source, sample: () => text, nullable: false, captures: false };
});
const single = fc.constantFrom(...CLASSES).map(([source, samples]): Piece => {
  const list = Array.from(samples);
  return { source, sample: (pick) => list[pick(list.length)] as string, nullable: false, captures: false };
});
const assertion = fc
  .constantFrom("\\b", "\\B", "$", "\\z")
  .map((source): Piece => ({ source, sample: () => "", nullable: true, captures: false }));

function repeated(piece: Piece, suffix: string): Piece {
  const most =
    /\?\+?$|\?\?$/.test(suffix) && !/[*+]\?/.test(suffix) ? 1 : suffix === "{2}" || suffix.includes(",2") ? 2 : 4;
  const least = suffix.startsWith("{2") ? 2 : suffix.startsWith("+") || suffix.startsWith("{1") ? 1 : 0;
  const sample = (pick: (n: number) => number): string => {
    const count = Math.max(least, pick(most + 1));
    return Array.from({ length: count }, () => piece.sample(pick)).join("");
  };
  const source =
    piece.source.length > 1 && !/^(?:\\.|\[.*\]|\(.*\))$/.test(piece.source) ? `(?:${piece.source})` : piece.source;
  return { source: source + suffix, sample, nullable: piece.nullable || least === 0, captures: piece.captures };
}

/** Repeats within repeats would keep the regular expression busy for years. */
function canRepeat(piece: Piece, suffix: string): boolean {
  return !piece.nullable && (suffix === "?" || !(piece.captures || /[*+}]/.test(piece.source)));
}

const { tree } = fc.letrec<{ tree: Piece; node: Piece }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: "node" },
    { weight: 4, arbitrary: literal },
    { weight: 3, arbitrary: single },
    { weight: 6, arbitrary: fc.tuple(single, fc.constantFrom(...SUFFIXES)).map(([p, s]) => repeated(p, s)) },
    { weight: 1, arbitrary: assertion },
    { weight: 4, arbitrary: tie("tree").map((p): Piece => ({ ...p, source: `(?<x>${p.source})`, captures: true })) },
    { weight: 1, arbitrary: tie("tree").map((p): Piece => ({ ...p, source: `(?>${p.source})` })) },
    {
      weight: 3,
      arbitrary: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }).map(
        (options): Piece => ({
          source: `(?:${options.map((o) => o.source).join("|")})`,
          sample: (pick) => (options[pick(options.length)] as Piece).sample(pick),
          nullable: options.some((o) => o.nullable),
          captures: options.some((o) => o.captures),
        }),
      ),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(tie("tree"), fc.constantFrom(...SUFFIXES))
        .map(([p, s]) => (canRepeat(p, s) ? repeated({ ...p, source: `(?:${p.source})` }, s) : p)),
    },
  ),
  tree: fc.array(tie("node"), { minLength: 1, maxLength: 5 }).map(
    (items): Piece => ({
      source: items.map((item) => item.source).join(""),
      sample: (pick) => items.map((item) => item.sample(pick)).join(""),
      nullable: items.every((item) => item.nullable),
      captures: items.some((item) => item.captures),
    }),
  ),
}));

/** Expressions of (mostly) the subset. */
export const randomPattern: fc.Arbitrary<RandomPattern> = tree.map(({ source, sample }) => named(source, sample));

/** The pattern behind another one, as messages come behind a header. */
export function withHeader(header: RandomPattern, pattern: RandomPattern): RandomPattern {
  const sample: RandomPattern["sample"] = (pick) => header.sample(pick) + pattern.sample(pick);
  return named(header.source.slice(2) + pattern.source.slice(2), sample);
}

function named(source: string, sample: RandomPattern["sample"]): RandomPattern {
  let groups = 0;
  const text = source.replace(/\(\?<[a-z0-9]+>/g, () => `(?<n${++groups}>`);
  return { source: `\\A${text}`, groups, sample };
}
