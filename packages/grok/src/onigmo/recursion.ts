import { childrenOf, type Node } from "./syntax.ts";

/**
 * Whether some group (0: the whole) can get to call itself before it has matched a character: such a recursion has no
 * end, and Onigmo refuses it too.
 */
export function recursesWithoutEnd(root: Node): boolean {
  const bodies = new Map<number, Node>([[0, root]]);
  collectGroups(root, bodies);
  const nullable = new Set<number>();
  // A group that calls others may turn out to match nothing only after those did.
  for (let before = -1; before !== nullable.size; ) {
    before = nullable.size;
    for (const [group, body] of bodies) if (canBeEmpty(body, nullable)) nullable.add(group);
  }
  const calls = new Map<number, Set<number>>();
  for (const [group, body] of bodies) {
    const first = new Set<number>();
    firstCalls(body, nullable, first);
    calls.set(group, first);
  }
  return [...bodies.keys()].some((group) => reaches(group, group, calls, new Set()));
}

function collectGroups(node: Node, bodies: Map<number, Node>): void {
  if (node.type === "capture") bodies.set(node.group, node.body);
  for (const child of childrenOf(node)) collectGroups(child, bodies);
}

function canBeEmpty(node: Node, nullable: ReadonlySet<number>): boolean {
  switch (node.type) {
    case "set":
    case "folded":
    case "grapheme":
      return false;
    case "call":
      return nullable.has(node.group);
    case "sequence":
      return node.items.every((item) => canBeEmpty(item, nullable));
    case "choice":
    case "condition":
      return childrenOf(node).some((child) => canBeEmpty(child, nullable));
    case "repeat":
      return node.min === 0 || canBeEmpty(node.body, nullable);
    case "capture":
    case "atomic":
      return canBeEmpty(node.body, nullable);
    default:
      return true;
  }
}

/** Groups that may be called before a character is matched. */
function firstCalls(node: Node, nullable: ReadonlySet<number>, found: Set<number>): void {
  if (node.type === "call") found.add(node.group);
  for (const child of childrenOf(node)) {
    firstCalls(child, nullable, found);
    if (node.type === "sequence" && !canBeEmpty(child, nullable)) return;
  }
}

function reaches(from: number, to: number, calls: ReadonlyMap<number, Set<number>>, seen: Set<number>): boolean {
  for (const next of calls.get(from) ?? []) {
    if (next === to) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    if (reaches(next, to, calls, seen)) return true;
  }
  return false;
}
