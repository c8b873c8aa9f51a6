import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { fromCel } from "./errors.ts";

// The grammar and the static type check are the library's. Running is ours (compile.ts): the library throws for each
// absent field, counts in BigInt and wants nested objects, and events are flat, full of numbers and of absent fields.

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 100 },
});

export interface Parsed {
  readonly ast: ASTNode;
  /** CEL type of the result, `dyn` when it depends on the event. */
  readonly type: string;
}

/** Parses and type-checks. Throws an {@link ExpressionError}. */
export function parseExpression(source: string): Parsed {
  try {
    const parsed = environment.parse(source);
    const check = parsed.check();
    if (check.valid) return { ast: parsed.ast, type: check.type ?? "dyn" };
    if (!isOwnConcern(check.error)) throw check.error;
    return { ast: parsed.ast, type: "dyn" };
  } catch (error) {
    throw fromCel(error, source);
  }
}

/**
 * Complaints of the library that do not hold here: `has(tags)` is fine, numbers are one type, both sides of `? :` may
 * differ, and functions are looked up by calls.ts.
 */
function isOwnConcern(error: { code?: string; summary?: string } | undefined): boolean {
  if (error?.code === "no_matching_overload" || error?.code === "incompatible_ternary_branches") return true;
  const summary = error?.summary ?? "";
  return summary === "has() invalid argument" || /^no such overload: (?:int|double) \S+ (?:int|double)$/.test(summary);
}
