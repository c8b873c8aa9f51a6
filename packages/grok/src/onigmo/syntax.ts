// The tree of an expression in Onigmo's Ruby dialect, as far as the machine needs it.

/** Tells whether a code point is a member. */
export type CodeSet = (code: number) => boolean;

export type Node =
  | { readonly type: "empty" }
  | { readonly type: "set"; readonly test: CodeSet }
  /** Text compared after full case folding, so that `ss` finds `ß`. */
  | { readonly type: "folded"; readonly text: string }
  | { readonly type: "assert"; readonly kind: AssertKind; readonly ascii: boolean }
  | { readonly type: "sequence"; readonly items: readonly Node[] }
  | { readonly type: "choice"; readonly options: readonly Node[] }
  | { readonly type: "capture"; readonly group: number; readonly body: Node }
  | { readonly type: "atomic"; readonly body: Node }
  | { readonly type: "look"; readonly behind: boolean; readonly negate: boolean; readonly body: Node }
  | { readonly type: "absent"; readonly body: Node }
  | Repeat
  /** `level`: of the recursion, relative to the present one. */
  | { readonly type: "backref"; readonly groups: readonly number[]; readonly fold: boolean; readonly level?: number }
  | { readonly type: "call"; readonly group: number }
  | { readonly type: "condition"; readonly groups: readonly number[]; readonly yes: Node; readonly no: Node }
  | { readonly type: "keep" }
  | { readonly type: "grapheme" };

export interface Repeat {
  readonly type: "repeat";
  readonly min: number;
  readonly max: number;
  readonly lazy: boolean;
  readonly body: Node;
  /** Where it is written, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Where its quantifier begins. */
  readonly bodyEnd: number;
}

export type AssertKind =
  | "line-start"
  | "line-end"
  | "text-start"
  | "text-end"
  | "text-end-newline"
  | "search-start"
  | "word-boundary"
  | "not-word-boundary";

export interface Expression {
  readonly root: Node;
  /** Number of capturing groups. */
  readonly groups: number;
  /** Whether any part of it ignores case. */
  readonly ignoreCase: boolean;
  /** Whether it has a letter that stands for several when case is ignored (`ß` for `ss`). */
  readonly multiFold: boolean;
}

/** The text is no expression of the dialect. */
export class OnigmoSyntaxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OnigmoSyntaxError";
  }
}

export function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case "sequence":
      return node.items;
    case "choice":
      return node.options;
    case "condition":
      return [node.yes, node.no];
    case "capture":
    case "atomic":
    case "look":
    case "absent":
    case "repeat":
      return [node.body];
    default:
      return [];
  }
}
