import type { ASTNode } from "@marcbachmann/cel-js";
import type { Event, Value } from "@sluice/core";
import { member, type Result } from "./values.ts";

/** Names the event itself, for fields whose names are not plain words: `self["@timestamp"]`. */
export const SELF = "self";

/**
 * The field that a chain of selects names (`url.path`, `labels["a-b"]`, `self["@timestamp"]`), as its parts; null when
 * the expression is something else or starts at a local variable.
 */
export function fieldParts(node: ASTNode, isLocal: (name: string) => boolean): string[] | null {
  if (node.op === "id") return isLocal(node.args) ? null : node.args === SELF ? [] : [node.args];
  if (node.op === ".") return extend(fieldParts(node.args[0], isLocal), node.args[1]);
  if (node.op === "[]") {
    const key = node.args[1];
    if (key.op === "value" && typeof key.args === "string") return extend(fieldParts(node.args[0], isLocal), key.args);
  }
  return null;
}

function extend(parts: string[] | null, name: string): string[] | null {
  return parts && [...parts, name];
}

/**
 * Reads a field: the flat key of the whole chain first, then shorter keys that hold an object (`{"a.b": {c: 1}}`).
 */
export function fieldReader(parts: readonly string[]): (event: Event) => Value | undefined {
  const key = parts.join(".");
  const read = keyReader(key);
  if (parts.length === 1) return read;
  const nested = parts.slice(1).map((_, i) => {
    const cut = parts.length - 1 - i;
    return { read: keyReader(parts.slice(0, cut).join(".")), rest: parts.slice(cut) };
  });
  return (event) => {
    const value = read(event);
    if (value !== undefined) return value;
    for (const { read, rest } of nested) {
      const base = read(event);
      if (typeof base === "object") return rest.reduce<Result>(member, base) as Value | undefined;
    }
    return undefined;
  };
}

/** An own property only: a field called `constructor` is absent until somebody sets it. */
function keyReader(key: string): (event: Event) => Value | undefined {
  if (key in Object.prototype) return (event) => (Object.hasOwn(event, key) ? event[key] : undefined);
  return (event) => event[key];
}
