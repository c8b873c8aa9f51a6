import type { ASTNode } from "@marcbachmann/cel-js";
import { fieldParts } from "./field.ts";
import { parseExpression } from "./parse.ts";

/**
 * The text that `message` begins with whenever the condition holds, or null when it does not say so by `startsWith` with
 * a written-out text, alone or beside others in `&&`. Throws like `compileExpression`.
 */
export function leadingText(source: string): string | null {
  return textOf(parseExpression(source).ast);
}

function textOf(node: ASTNode): string | null {
  if (node.op === "&&") return textOf(node.args[0]) ?? textOf(node.args[1]);
  if (node.op !== "rcall") return null;
  const [name, receiver, args] = node.args;
  const [text] = args;
  if (name !== "startsWith" || fieldParts(receiver, () => false)?.join(".") !== "message") return null;
  return text?.op === "value" && typeof text.args === "string" && text.args !== "" ? text.args : null;
}
