import type { ASTNode } from "@marcbachmann/cel-js";
import type { Event, Value } from "@sluice/core";
import { compileCall, compileMethod } from "./calls.ts";
import { ExpressionError } from "./errors.ts";
import { fieldParts, fieldReader, SELF } from "./field.ts";
import { add, arithmetic, compare, contains, equals, member, type Result } from "./values.ts";

/** A compiled expression over an event; `locals` holds the variables of macros. */
export type Run = (event: Event, locals: Result[]) => Result;

/** What is known while an expression is compiled. */
export interface Scope {
  readonly source: string;
  /** Variables of the macros around, by name; the number is the index in `locals`. */
  readonly locals: ReadonlyMap<string, number>;
  /** Collects the fields that the expression reads. */
  readonly fields: Set<string>;
  /** Collects the regular expressions of `matches()`. */
  readonly regexes: RegExp[];
}

/** Compiles a tree to closures: operators work on what is there, and yield false or nothing on what is not. */
export function compileNode(node: ASTNode, scope: Scope): Run {
  const parts = fieldParts(node, (name) => scope.locals.has(name));
  if (parts) return compileField(parts, node, scope);
  switch (node.op) {
    case "value":
      return constant(literal(node, scope));
    case "id":
      return compileLocal(scope.locals.get(node.args) as number);
    case ".":
      return compileMember(node.args[0], constant(node.args[1]), scope);
    case "[]":
      return compileMember(node.args[0], compileNode(node.args[1], scope), scope);
    case "call":
      return compileCall(node, scope);
    case "rcall":
      return compileMethod(node, scope);
    case "list":
      return compileList(node.args, scope);
    case "map":
      return compileMap(node.args, scope);
    default:
      return compileOperator(node, scope);
  }
}

function compileOperator(node: ASTNode, scope: Scope): Run {
  switch (node.op) {
    case "!_": {
      const operand = compileNode(node.args, scope);
      return (event, locals) => operand(event, locals) !== true;
    }
    case "-_": {
      const operand = compileNode(node.args, scope);
      return (event, locals) => arithmetic("-", 0, operand(event, locals));
    }
    case "?:": {
      const [condition, yes, no] = node.args.map((part) => compileNode(part, scope)) as [Run, Run, Run];
      return (event, locals) => (condition(event, locals) === true ? yes(event, locals) : no(event, locals));
    }
    case ".?":
    case "[?]":
      throw new ExpressionError("optional access is not part of this language", scope.source, node.start);
    default: {
      const [left, right] = node.args as [ASTNode, ASTNode];
      return compileBinary(node.op as BinaryOp, compileNode(left, scope), compileNode(right, scope));
    }
  }
}

type BinaryOp = "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "+" | "-" | "*" | "/" | "%";

function compileBinary(op: BinaryOp, left: Run, right: Run): Run {
  switch (op) {
    case "||":
      return (event, locals) => left(event, locals) === true || right(event, locals) === true;
    case "&&":
      return (event, locals) => left(event, locals) === true && right(event, locals) === true;
    case "==":
      return (event, locals) => bothPresent(left(event, locals), right(event, locals), true);
    case "!=":
      return (event, locals) => bothPresent(left(event, locals), right(event, locals), false);
    case "<":
      return (event, locals) => compare(left(event, locals), right(event, locals)) < 0;
    case "<=":
      return (event, locals) => compare(left(event, locals), right(event, locals)) <= 0;
    case ">":
      return (event, locals) => compare(left(event, locals), right(event, locals)) > 0;
    case ">=":
      return (event, locals) => compare(left(event, locals), right(event, locals)) >= 0;
    case "in":
      return (event, locals) => contains(left(event, locals), right(event, locals));
    case "+":
      return (event, locals) => add(left(event, locals), right(event, locals));
    default:
      return (event, locals) => arithmetic(op, left(event, locals), right(event, locals));
  }
}

/** Equality is neither true nor untrue of something absent: `==` and `!=` are both false then. */
function bothPresent(a: Result, b: Result, wanted: boolean): boolean {
  return a !== undefined && b !== undefined && equals(a, b) === wanted;
}

function compileField(parts: readonly string[], node: ASTNode, scope: Scope): Run {
  if (parts.length === 0) {
    const hint = `write ${SELF}["field name"]`;
    throw new ExpressionError(`"${SELF}" is the event itself, not a value`, scope.source, node.start, hint);
  }
  scope.fields.add(parts.join("."));
  return fieldReader(parts);
}

function compileLocal(index: number): Run {
  return (_event, locals) => locals[index];
}

function compileMember(baseNode: ASTNode, key: Run, scope: Scope): Run {
  const base = compileNode(baseNode, scope);
  return (event, locals) => member(base(event, locals), key(event, locals));
}

function compileList(nodes: readonly ASTNode[], scope: Scope): Run {
  const items = nodes.map((node) => compileNode(node, scope));
  if (nodes.every((node) => node.op === "value")) return constant(items.map((item) => item({}, []) as Value));
  return (event, locals) => items.map((item) => (item(event, locals) ?? null) as Value);
}

function compileMap(entries: readonly (readonly [ASTNode, ASTNode])[], scope: Scope): Run {
  const compiled = entries.map(([key, value]) => [compileNode(key, scope), compileNode(value, scope)] as const);
  return (event, locals) => {
    const pairs = compiled.map(([key, value]) => [key(event, locals), value(event, locals) ?? null]);
    return Object.fromEntries(pairs.filter(([key]) => typeof key === "string")) as { [key: string]: Value };
  };
}

function constant(value: Result): Run {
  return () => value;
}

/** The value of a literal. Integers become doubles, as the numbers of events are. */
function literal(node: ASTNode & { op: "value" }, scope: Scope): Result {
  const value = node.args;
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") {
    return value;
  }
  if (value instanceof Uint8Array) {
    throw new ExpressionError("bytes are not part of this language", scope.source, node.start, "use a string");
  }
  const number = Number(value.valueOf());
  if (Number.isSafeInteger(number)) return number;
  const hint = "events hold such numbers as strings: compare with a string";
  throw new ExpressionError("an integer beyond 2^53", scope.source, node.start, hint);
}
