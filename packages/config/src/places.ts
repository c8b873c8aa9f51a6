import { eachScalar, type LocatedNode } from "./node.ts";
import type { Position } from "./problem.ts";

/** Where a text stands as a whole value below a node, or else as a key. */
export function placeOf(text: string, node: LocatedNode): Position | undefined {
  let place: Position | undefined;
  eachScalar(node, (scalar) => {
    if (scalar.value === text) place ??= scalar.at;
  });
  return place ?? keyPlace(text, node);
}

function keyPlace(text: string, node: LocatedNode): Position | undefined {
  if (node.kind !== "map") return undefined;
  const own = node.entries.get(text)?.keyAt;
  if (own) return own;
  for (const { node: child } of node.entries.values()) {
    const place = keyPlace(text, child);
    if (place) return place;
  }
  return undefined;
}

/** Finds what the warnings of a component are about, as far as they tell. */
export class WarningPlaces {
  readonly #node: LocatedNode;
  /** Places of `verify: false` that no warning was about yet. */
  readonly #unverified: Position[];

  constructor(node: LocatedNode) {
    this.#node = node;
    this.#unverified = unverified(node);
  }

  of(message: string, written?: string): Position | undefined {
    if (written !== undefined) return placeOf(written, this.#node);
    if (message.includes("verify: false")) return this.#unverified.shift();
    const slow = /: (.+) can take (?:exponential|polynomial) time/s.exec(message)?.[1];
    return slow === undefined ? undefined : placeOfPart(slow, this.#node);
  }
}

function unverified(node: LocatedNode): Position[] {
  if (node.kind === "scalar") return [];
  if (node.kind === "list") return node.items.flatMap(unverified);
  return [...node.entries].flatMap(([key, { keyAt, node: child }]) =>
    key === "verify" && child.kind === "scalar" && child.value === false ? [keyAt] : unverified(child),
  );
}

function placeOfPart(text: string, node: LocatedNode): Position | undefined {
  let place: Position | undefined;
  eachScalar(node, ({ value, at }) => {
    if (typeof value === "string" && value.includes(text)) place ??= at;
  });
  return place;
}
