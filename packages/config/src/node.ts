import { setField, type Value } from "@sluice/core";
import type { Position } from "./problem.ts";

// A pipeline file as plain values that know where they stand: aliases are resolved, merge keys applied, `${…}` replaced.

interface Placed {
  readonly at: Position;
}

export interface ScalarNode extends Placed {
  readonly kind: "scalar";
  value: string | number | boolean | null;
  /** True when the text stands in the file as it is, so that a column in it is a column of the file. */
  readonly textAt: Position | undefined;
  /** True when something was replaced in it: its type follows from what is expected in its place. */
  interpolated: boolean;
  /** The text as it stands in the file, where a `$` in it was read. */
  written?: string;
  /** True when a `${…}` in it could not be replaced, which is reported: what else is wrong with it follows from that. */
  failed?: boolean;
}

interface ListNode extends Placed {
  readonly kind: "list";
  readonly items: readonly LocatedNode[];
}

export interface Entry {
  readonly keyAt: Position;
  readonly node: LocatedNode;
}

export interface MapNode extends Placed {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Entry>;
}

export type LocatedNode = ScalarNode | ListNode | MapNode;

/** The plain value of a node. */
export function toValue(node: LocatedNode): Value {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toValue);
  const object: { [key: string]: Value } = {};
  for (const [key, entry] of node.entries) setField(object, key, toValue(entry.node));
  return object;
}

/** The plain value of a node as it stands in the file, `${…}` not replaced. */
export function toWritten(node: LocatedNode): Value {
  if (node.kind === "scalar") return node.written ?? node.value;
  if (node.kind === "list") return node.items.map(toWritten);
  const object: { [key: string]: Value } = {};
  for (const [key, entry] of node.entries) setField(object, key, toWritten(entry.node));
  return object;
}

/** A node for a plain value that no file has. */
export function nodeOf(value: Value): LocatedNode {
  const at = { line: 1, column: 1 };
  if (Array.isArray(value)) return { kind: "list", at, items: value.map(nodeOf) };
  if (typeof value !== "object" || value === null) {
    return { kind: "scalar", at, value: value as ScalarNode["value"], textAt: undefined, interpolated: false };
  }
  const entries = Object.entries(value).map(([key, one]) => [key, { keyAt: at, node: nodeOf(one) }] as const);
  return { kind: "map", at, entries: new Map(entries) };
}

/** A map without some of its keys. */
export function without(node: MapNode, keys: readonly string[]): MapNode {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => !keys.includes(key))) };
}

/** A map with only some of its keys. */
export function only(node: MapNode, keys: readonly string[]): MapNode {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => keys.includes(key))) };
}

/** The node at a path, or the deepest one on the way to it (`found` is false then). */
export function resolvePath(root: LocatedNode, path: readonly PropertyKey[]): { node: LocatedNode; found: boolean } {
  let node = root;
  for (const part of path) {
    const next = childOf(node, part);
    if (!next) return { node, found: false };
    node = next;
  }
  return { node, found: true };
}

function childOf(node: LocatedNode, part: PropertyKey): LocatedNode | undefined {
  if (node.kind === "list") return node.items[Number(part)];
  return node.kind === "map" ? node.entries.get(String(part))?.node : undefined;
}

/** Calls back for each scalar below a node, once each even where aliases share it. */
export function eachScalar(
  node: LocatedNode,
  visit: (scalar: ScalarNode) => void,
  seen = new Set<LocatedNode>(),
): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (node.kind === "scalar") visit(node);
  else if (node.kind === "list") for (const item of node.items) eachScalar(item, visit, seen);
  else for (const entry of node.entries.values()) eachScalar(entry.node, visit, seen);
}

/** What a node is, for messages. */
export function describeNode(node: LocatedNode): string {
  if (node.kind !== "scalar") return `a ${node.kind}`;
  if (node.value === null) return "empty";
  return typeof node.value === "boolean" ? `${node.value}` : `a ${typeof node.value}`;
}
