import { type Node } from "./ast.ts";
import { type ByteSet, NO_BYTES, single, union } from "./byte-set.ts";

/** What remains to be matched, innermost first; null when nothing does. */
export interface Rest {
  readonly node: Node;
  readonly next: Rest | null;
}

/** How a match can begin: with a byte of `set`, at the line's end, or (`any`) nothing is known. */
export interface First {
  readonly set: ByteSet;
  readonly end: boolean;
  readonly any: boolean;
}

const ANYTHING: First = { set: NO_BYTES, end: false, any: true };
const NOTHING: First = { set: NO_BYTES, end: false, any: false };

function either(a: First, b: First): First {
  return { set: union(a.set, b.set), end: a.end || b.end, any: a.any || b.any };
}

/** The set of bytes with which a match of a byte can begin. */
export function byteSet(byte: number): ByteSet {
  return byte < 0x80 ? single(byte) : { ascii: 0n, high: true };
}

/** Puts nodes before what remains. */
export function chain(items: readonly Node[], rest: Rest | null): Rest | null {
  return items.reduceRight<Rest | null>((next, node) => ({ node, next }), rest);
}

/** How a match of what remains can begin; never less than what is possible. */
export function firstOf(rest: Rest | null): First {
  if (rest === null) return ANYTHING;
  const { node, next } = rest;
  switch (node.kind) {
    case "byte":
      return { set: byteSet(node.byte), end: false, any: false };
    case "class":
      return { set: node.set, end: false, any: false };
    case "seq":
      return firstOf(chain(node.items, next));
    case "alt":
    case "list":
      return node.options.map((option) => firstOf({ node: option, next })).reduce(either, NOTHING);
    case "repeat":
      return node.min > 0
        ? firstOf({ node: node.body, next })
        : either(firstOf({ node: node.body, next }), firstOf(next));
    case "group":
    case "atomic":
      return firstOf({ node: node.body, next });
    case "boundary":
    case "mark":
      return firstOf(next);
    case "end":
      return { set: NO_BYTES, end: true, any: false };
    default:
      return ANYTHING;
  }
}

/** A byte or a class at a fixed place. */
export type Single = Extract<Node, { kind: "byte" | "class" }>;

/** What must come for the rest to match: fixed single characters, then how the remainder begins. */
export interface Lookahead {
  readonly singles: readonly Single[];
  readonly tail: First;
}

const MAX_LOOKAHEAD = 8;

/** What must come for the rest to match. */
export function lookahead(rest: Rest | null): Lookahead {
  const singles: Single[] = [];
  let at = rest;
  while (at !== null && singles.length < MAX_LOOKAHEAD) {
    const { node, next } = at;
    if (node.kind === "byte" || node.kind === "class") {
      singles.push(node);
      at = next;
    } else if (node.kind === "mark") at = next;
    else if (node.kind === "seq") at = chain(node.items, next);
    else if (node.kind === "group") at = { node: node.body, next };
    else break;
  }
  return { singles, tail: singles.length === MAX_LOOKAHEAD ? ANYTHING : firstOf(at) };
}

/** True when the lookahead tells nothing. */
export function isBlind({ singles, tail }: Lookahead): boolean {
  return singles.length === 0 && tail.any;
}
