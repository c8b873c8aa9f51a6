import { emptinessOf } from "./emptiness.ts";
import { childrenOf, type Expression, type Node } from "./syntax.ts";

/**
 * Writes `(?:X|)` for `X?` where X can match nothing: Onigmo lets it, JavaScript's `?` does not count such a match and
 * goes on to other ways.
 */
export function spellOutOptionals(source: string, expression: Expression): string {
  const edits: { at: number; until: number; text: string }[] = [];
  collect(expression.root, edits);
  let result = "";
  let done = 0;
  for (const { at, until, text } of edits.sort((a, b) => a.at - b.at)) {
    result += source.slice(done, at) + text;
    done = until;
  }
  return result + source.slice(done);
}

function collect(node: Node, edits: { at: number; until: number; text: string }[]): void {
  if (node.type === "repeat" && node.min === 0 && node.max === 1 && emptinessOf(node.body) !== "never") {
    edits.push({ at: node.start, until: node.start, text: node.lazy ? "(?:|" : "(?:" });
    edits.push({ at: node.bodyEnd, until: node.end, text: node.lazy ? ")" : "|)" });
  }
  for (const child of childrenOf(node)) collect(child, edits);
}
