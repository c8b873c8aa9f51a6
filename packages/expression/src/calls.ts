import type { ASTNode } from "@marcbachmann/cel-js";
import type { Value } from "@sluice/core";
import { compileNode, type Run, type Scope } from "./compile.ts";
import { ExpressionError } from "./errors.ts";
import { fieldParts } from "./field.ts";
import { type Builtin, FUNCTIONS, METHODS } from "./functions.ts";
import { compileMacro, isMacro } from "./macros.ts";
import { compileRegex, regexProblem } from "./regex.ts";

type CallNode = ASTNode & { op: "call" };
type MethodNode = ASTNode & { op: "rcall" };

/** `size(tags)`, `has(user.name)`. */
export function compileCall(node: CallNode, scope: Scope): Run {
  const [name, args] = node.args;
  if (name === "has") return compileHas(node, args, scope);
  const builtin = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!builtin) throw unknown(`${name}()`, node, scope, ["has", ...Object.keys(FUNCTIONS)]);
  checkArity(name, builtin, args.length, node, scope);
  return invoke(builtin, args, scope);
}

/** `message.contains("x")`, `tags.exists(t, t == "a")`. */
export function compileMethod(node: MethodNode, scope: Scope): Run {
  const [name, receiver, args] = node.args;
  if (isMacro(name, receiver, args.length)) return compileMacro(name, receiver, args, scope);
  if (name === "matches") return compileMatches(node, receiver, args, scope);
  const builtin = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (!builtin) throw unknown(`.${name}()`, node, scope, ["matches", ...Object.keys(METHODS)]);
  checkArity(name, builtin, args.length, node, scope);
  return invoke(builtin, [receiver, ...args], scope);
}

function invoke({ call }: Builtin, nodes: readonly ASTNode[], scope: Scope): Run {
  const [a, b, c] = nodes.map((node) => compileNode(node, scope)) as [Run, Run?, Run?];
  if (!b) return (event, locals) => call(a(event, locals), undefined, undefined);
  if (!c) return (event, locals) => call(a(event, locals), required(b(event, locals)), undefined);
  return (event, locals) => call(a(event, locals), required(b(event, locals)), required(c(event, locals)));
}

/** An argument that was written but is absent must not pass for one that was left out: null fits no function. */
function required(value: ReturnType<Run>): ReturnType<Run> {
  return value === undefined ? null : value;
}

function compileHas(node: CallNode, args: readonly ASTNode[], scope: Scope): Run {
  const [field] = args;
  const isField = field && args.length === 1 && fieldParts(field, () => false) !== null;
  if (!isField) throw new ExpressionError("has() takes one field", scope.source, node.start, "write has(user.name)");
  const read = compileNode(field, scope);
  return (event, locals) => read(event, locals) !== undefined;
}

function compileMatches(node: MethodNode, receiver: ASTNode, args: readonly ASTNode[], scope: Scope): Run {
  const [pattern] = args;
  if (args.length !== 1 || pattern?.op !== "value" || typeof pattern.args !== "string") {
    const hint = 'write url.path.matches("^/api/")';
    throw new ExpressionError("matches() takes one pattern, written out", scope.source, node.start, hint);
  }
  const text = compileNode(receiver, scope);
  const regex = regexOf(pattern.args, pattern.start, scope);
  scope.regexes.push(regex);
  return (event, locals) => {
    const value: Value | Date | undefined = text(event, locals);
    return typeof value === "string" && regex.test(value);
  };
}

function regexOf(pattern: string, offset: number, scope: Scope): RegExp {
  try {
    return compileRegex(pattern);
  } catch (error) {
    throw new ExpressionError(`bad regular expression: ${regexProblem(error)}`, scope.source, offset);
  }
}

function checkArity(name: string, { arity: [least, most] }: Builtin, given: number, node: ASTNode, scope: Scope): void {
  if (given >= least && given <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  throw new ExpressionError(`${name}() takes ${wanted} arguments, not ${given}`, scope.source, node.start);
}

function unknown(what: string, node: ASTNode, scope: Scope, known: readonly string[]): ExpressionError {
  return new ExpressionError(`unknown function ${what}`, scope.source, node.start, `known are ${known.join(", ")}`);
}
