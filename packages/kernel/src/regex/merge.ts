import { type Node, sameNode, sequence, withMarks } from "./ast.ts";

/** A pattern's parts still to be merged. */
interface Tail {
  readonly items: readonly Node[];
  readonly pattern: number;
}

/** Puts patterns, in order of preference, into one tree in which a prefix that neighbours share is matched once. */
export function mergePatterns(patterns: readonly Node[]): Node {
  return merge(patterns.map((node, pattern) => ({ items: itemsOf(withMarks(node)), pattern })));
}

function merge(tails: readonly Tail[]): Node {
  const options: Node[] = [];
  for (let i = 0; i < tails.length; ) {
    const { items, pattern } = tails[i] as Tail;
    const head = items[0];
    if (head === undefined) {
      // Nothing is tried after a pattern that has matched.
      options.push({ kind: "accept", pattern });
      break;
    }
    let j = i + 1;
    while (j < tails.length && startsWith(tails[j] as Tail, head)) j++;
    const group = tails.slice(i, j).map((tail) => ({ items: tail.items.slice(1), pattern: tail.pattern }));
    options.push(sequence([head, merge(group)]));
    i = j;
  }
  return options.length === 1 ? (options[0] as Node) : { kind: "list", options };
}

function startsWith(tail: Tail, head: Node): boolean {
  const first = tail.items[0];
  return first !== undefined && sameNode(first, head);
}

function itemsOf(node: Node): readonly Node[] {
  return node.kind === "seq" ? node.items : [node];
}
