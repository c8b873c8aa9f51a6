import type { ASTNode } from "@marcbachmann/cel-js";
import { fieldParts } from "./field.ts";
import { parseExpression } from "./parse.ts";

/** Fields that hold something else than a piece of the line. */
const NOT_OF_THE_LINE = new Set(["@timestamp", "event.id", "log.offset", "tags"]);
/** Methods of a text that are only true when it contains their argument. */
const CONTAINING = new Set(["contains", "startsWith", "endsWith"]);

/**
 * Texts of which a line contains one whenever the condition holds because of fields that are pieces of the line.
 *
 * Only conditions that are put together of `==`, `in [...]`, `contains`, `startsWith`, `endsWith` with written-out texts
 * and whole numbers, by `&&` and `||`, can say that; null for all others. Throws like `compileExpression`.
 */
export function namedTexts(source: string): readonly string[] | null {
  const texts = textsOf(parseExpression(source).ast);
  return texts && [...new Set(texts)];
}

function textsOf(node: ASTNode): string[] | null {
  switch (node.op) {
    case "||":
    case "&&":
      return both(textsOf(node.args[0]), textsOf(node.args[1]));
    case "==":
      return compared(node.args[0], node.args[1]) ?? compared(node.args[1], node.args[0]);
    case "in":
      return node.args[1].op === "list" && isOfTheLine(node.args[0]) ? all(node.args[1].args.map(literalText)) : null;
    case "rcall": {
      const [name, receiver, args] = node.args;
      return CONTAINING.has(name) && isOfTheLine(receiver) ? all(args.map(literalText)) : null;
    }
    default:
      return null;
  }
}

/** Of `&&` too: which side is true of a piece of the line, and which of something else, is not known here. */
function both(left: string[] | null, right: string[] | null): string[] | null {
  return left && right && [...left, ...right];
}

function compared(field: ASTNode, value: ASTNode): string[] | null {
  return isOfTheLine(field) ? all([literalText(value)]) : null;
}

function all(texts: readonly (string | null)[]): string[] | null {
  return texts.every((text) => text !== null) ? [...texts] : null;
}

function isOfTheLine(node: ASTNode): boolean {
  const parts = fieldParts(node, () => false);
  return parts !== null && parts.length > 0 && !NOT_OF_THE_LINE.has(parts.join("."));
}

/** A fraction may be written in several ways, and what decoding made of bytes that are no text does not stand there. */
function literalText(node: ASTNode): string | null {
  if (node.op !== "value") return null;
  const value: unknown = node.args;
  if (typeof value === "bigint") return String(value);
  return typeof value === "string" && value !== "" && !value.includes("\uFFFD") ? value : null;
}
