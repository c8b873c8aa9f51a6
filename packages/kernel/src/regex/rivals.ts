import { children, type Node } from "./ast.ts";
import { type ByteSet, intersects, isSubset, NO_BYTES, union } from "./byte-set.ts";
import { byteSet, chain, type First, firstOf, type Rest } from "./first.ts";

// Proofs that a choice, once made, need not be taken back: that the other way would fail too.

/** How far two ways are compared. */
const MAX_STEPS = 12;

/** The start of what remains, as far as it can be said: a class that comes a number of times, then more. */
interface Head {
  readonly set: ByteSet;
  readonly isRun: boolean;
  readonly isEndless: boolean;
  readonly next: Rest | null;
}

/**
 * True unless it is certain that where `chosen` has matched and something that may begin `rest` follows, but `rest`
 * has failed, `other` and `rest` fail too.
 */
export function areRivals(chosen: Node, other: Node, rest: Rest | null): boolean {
  return mayBothBegin({ node: chosen, next: rest }, { node: other, next: rest }) && !endsAlike(chosen, other, rest);
}

/** True when some text may begin both. */
export function mayBothBegin(a: Rest | null, b: Rest | null, steps = MAX_STEPS): boolean {
  const [one, other] = [headOf(a), headOf(b)];
  if (one !== null && other !== null && steps > 0) {
    if (!one.isRun && !other.isRun) {
      return intersects(one.set, other.set) && mayBothBegin(one.next, other.next, steps - 1);
    }
    if (stopTogether(one, other) || stopTogether(other, one)) return mayBothBegin(one.next, other.next, steps - 1);
  }
  return meet(firstOf(a), firstOf(b));
}

/** True when a run of `longer` from the same place ends where that of `shorter` ends. */
function stopTogether(shorter: Head, longer: Head): boolean {
  if (!shorter.isRun || !longer.isEndless || !isSubset(shorter.set, longer.set)) return false;
  return isForced(longer.set, firstOf(shorter.next)) && isForced(longer.set, firstOf(longer.next));
}

/** True when what follows a run cannot begin with a member of it. */
function isForced(set: ByteSet, follow: First): boolean {
  return !follow.any && !intersects(set, follow.set);
}

/** True when `other` can only end where `chosen` does: it is a run that takes all of it, and more of it takes nothing. */
function endsAlike(chosen: Node, other: Node, rest: Rest | null): boolean {
  const head = headOf({ node: other, next: DEAD_END });
  const follow = firstOf(rest);
  if (head === null || !head.isEndless || !isSubset(bytesOf(chosen), head.set)) return false;
  const more = firstOf(head.next);
  return isForced(head.set, follow) && isForced(head.set, more) && !intersects(more.set, follow.set);
}

/** What nothing can begin. */
const DEAD_END: Rest = { node: { kind: "alt", options: [] }, next: null };

function headOf(rest: Rest | null): Head | null {
  if (rest === null) return null;
  const { node, next } = rest;
  switch (node.kind) {
    case "byte":
      return { set: byteSet(node.byte), isRun: false, isEndless: false, next };
    case "class":
      return { set: node.set, isRun: false, isEndless: false, next };
    case "mark":
      return headOf(next);
    case "seq":
      return headOf(chain(node.items, next));
    case "repeat": {
      if (node.body.kind !== "class" && node.body.kind !== "byte") return null;
      return { set: bytesOf(node.body), isRun: true, isEndless: node.max === Infinity, next };
    }
    default:
      return null;
  }
}

function meet(a: First, b: First): boolean {
  return a.any || b.any || (a.end && b.end) || intersects(a.set, b.set);
}

/** Every byte that a match of the node may hold. */
export function bytesOf(node: Node): ByteSet {
  if (node.kind === "class") return node.set;
  if (node.kind === "byte") return byteSet(node.byte);
  return children(node).map(bytesOf).reduce(union, NO_BYTES);
}
