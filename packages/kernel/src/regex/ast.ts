import type { ByteSet } from "./byte-set.ts";

/** How a repeat chooses: as many as possible, as few as possible, or as many as possible without giving back. */
export type Greed = "greedy" | "lazy" | "possessive";

/** The subset of Oniguruma that the kernel runs. */
export type Node =
  | { readonly kind: "class"; readonly set: ByteSet }
  | { readonly kind: "byte"; readonly byte: number }
  | { readonly kind: "seq"; readonly items: readonly Node[] }
  | { readonly kind: "alt"; readonly options: readonly Node[] }
  | {
      readonly kind: "repeat";
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly greed: Greed;
    }
  | { readonly kind: "group"; readonly index: number; readonly body: Node }
  /** Where a group starts or ends: what a group becomes before patterns are merged. */
  | { readonly kind: "mark"; readonly index: number; readonly edge: "start" | "end" }
  | { readonly kind: "atomic"; readonly body: Node }
  | { readonly kind: "boundary"; readonly negated: boolean }
  | { readonly kind: "end" }
  /** The pattern with this number has matched. */
  | { readonly kind: "accept"; readonly pattern: number }
  /** Patterns in order of preference: unlike in `alt`, an earlier choice is taken back before the next is tried. */
  | { readonly kind: "list"; readonly options: readonly Node[] };

export const EMPTY: Node = { kind: "seq", items: [] };

/** A sequence with nested sequences dissolved. */
export function sequence(nodes: readonly Node[]): Node {
  const items = nodes.flatMap((node) => (node.kind === "seq" ? node.items : [node]));
  return items.length === 1 ? (items[0] as Node) : { kind: "seq", items };
}

/** The direct parts of a node. */
export function children(node: Node): readonly Node[] {
  switch (node.kind) {
    case "seq":
      return node.items;
    case "alt":
    case "list":
      return node.options;
    case "repeat":
    case "group":
    case "atomic":
      return [node.body];
    default:
      return [];
  }
}

/** True when the node can match without taking a byte. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case "class":
    case "byte":
      return false;
    case "seq":
      return node.items.every(isNullable);
    case "alt":
    case "list":
      return node.options.some(isNullable);
    case "repeat":
      return node.min === 0 || isNullable(node.body);
    case "group":
    case "atomic":
      return isNullable(node.body);
    default:
      return true;
  }
}

/** Numbers of the capturing groups within a node. */
export function groupsIn(node: Node): number[] {
  const own = node.kind === "group" ? [node.index] : [];
  return [...own, ...children(node).flatMap(groupsIn)];
}

/** Numbers of the groups that start within a node of marks. */
export function startsIn(node: Node): number[] {
  const own = node.kind === "mark" && node.edge === "start" ? [node.index] : [];
  return [...own, ...children(node).flatMap(startsIn)];
}

/** The node with each group put as two marks, so that patterns can part in the middle of one. */
export function withMarks(node: Node): Node {
  switch (node.kind) {
    case "seq":
      return sequence(node.items.map(withMarks));
    case "alt":
    case "list":
      return { ...node, options: node.options.map(withMarks) };
    case "repeat":
    case "atomic":
      return { ...node, body: withMarks(node.body) };
    case "group": {
      const { index } = node;
      return sequence([
        { kind: "mark", index, edge: "start" },
        withMarks(node.body),
        { kind: "mark", index, edge: "end" },
      ]);
    }
    default:
      return node;
  }
}

/** Structural equality, groups and all. */
export function sameNode(a: Node, b: Node): boolean {
  return key(a) === key(b);
}

function key(node: Node): string {
  return JSON.stringify(node, (_, value: unknown) => (typeof value === "bigint" ? value.toString(16) : value));
}
