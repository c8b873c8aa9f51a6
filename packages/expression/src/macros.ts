import type { ASTNode } from "@marcbachmann/cel-js";
import type { Event, Value } from "@sluice/core";
import { compileNode, type Run, type Scope } from "./compile.ts";
import { isMap, type Result } from "./values.ts";

/** Runs a macro's body with its variable set to one element. */
type Body = (element: Result) => Result;
type Loop = (elements: readonly Value[], body: Body, second: Body | undefined) => Result;

/** Macros over the elements of a list or the keys of a map; over anything else their result is absent. */
const LOOPS: Readonly<Record<string, { readonly args: readonly number[]; readonly loop: Loop }>> = {
  all: { args: [2], loop: (list, body) => list.every((item) => body(item) === true) },
  exists: { args: [2], loop: (list, body) => list.some((item) => body(item) === true) },
  exists_one: { args: [2], loop: (list, body) => list.filter((item) => body(item) === true).length === 1 },
  filter: { args: [2], loop: (list, body) => list.filter((item) => body(item) === true) },
  map: { args: [2, 3], loop: mapElements },
};

/** Whether a method call is a macro: `tags.exists(t, …)`, `cel.bind(x, …, …)`. */
export function isMacro(name: string, receiver: ASTNode, args: number): boolean {
  if (isBind(name, receiver)) return args === 3;
  return Object.hasOwn(LOOPS, name) && LOOPS[name]?.args.includes(args) === true;
}

function isBind(name: string, receiver: ASTNode): boolean {
  return name === "bind" && receiver.op === "id" && receiver.args === "cel";
}

/** Compiles a macro. The library's parser has made sure that the variable is a name. */
export function compileMacro(name: string, receiver: ASTNode, args: readonly ASTNode[], scope: Scope): Run {
  const [variable, first, second] = args as readonly [ASTNode, ASTNode, ASTNode?];
  const slot = Math.max(-1, ...scope.locals.values()) + 1;
  const inner: Scope = { ...scope, locals: new Map(scope.locals).set(variable.args as string, slot) };
  if (isBind(name, receiver))
    return compileBind(slot, compileNode(first, scope), compileNode(second as ASTNode, inner));
  const list = compileNode(receiver, scope);
  const body = compileNode(first, inner);
  const last = second && compileNode(second, inner);
  const { loop } = LOOPS[name] as { loop: Loop };
  return (event, locals) => {
    const elements = elementsOf(list(event, locals));
    return elements && loop(elements, bodyOf(body, slot, event, locals), last && bodyOf(last, slot, event, locals));
  };
}

function compileBind(slot: number, value: Run, body: Run): Run {
  return (event, locals) => {
    locals[slot] = value(event, locals);
    return body(event, locals);
  };
}

function bodyOf(run: Run, slot: number, event: Event, locals: Result[]): Body {
  return (element) => {
    locals[slot] = element;
    return run(event, locals);
  };
}

/** `map(x, result)` or `map(x, condition, result)`. */
function mapElements(list: readonly Value[], body: Body, last: Body | undefined): Result {
  const chosen = last ? list.filter((item) => body(item) === true) : list;
  return chosen.map((item) => ((last ?? body)(item) ?? null) as Value);
}

function elementsOf(value: Result): readonly Value[] | undefined {
  if (Array.isArray(value)) return value as readonly Value[];
  return isMap(value) ? Object.keys(value) : undefined;
}
