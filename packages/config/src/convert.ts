import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import type { Entry, LocatedNode, MapNode, ScalarNode } from "./node.ts";
import type { Position, Problems } from "./problem.ts";

/** Nodes that a file may have once its aliases are expanded: a "billion laughs" file has more. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 100;

/** Raised to leave the conversion; the problem is already reported. */
class Refused extends Error {}

/** Turns a YAML document into {@link LocatedNode}s; undefined when it cannot be one. */
export function convertDocument(
  document: Document.Parsed,
  text: string,
  place: (offset: number) => Position,
  problems: Problems,
): LocatedNode | undefined {
  const converter = new Converter(document, text, place, problems);
  try {
    return converter.convert(document.contents as Node | null, 0);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

class Converter {
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #place: (offset: number) => Position;
  readonly #problems: Problems;
  readonly #done = new Map<Node, { node: LocatedNode; weight: number }>();
  readonly #open = new Set<Node>();
  #weight = 0;

  constructor(document: Document.Parsed, text: string, place: (offset: number) => Position, problems: Problems) {
    this.#document = document;
    this.#text = text;
    this.#place = place;
    this.#problems = problems;
  }

  /** Converts a node; one that aliases point to is converted once and counted each time. */
  convert(source: Node | null | undefined, depth: number, fallback = 0): LocatedNode {
    const offset = source?.range?.[0] ?? fallback;
    if (!source) return this.#scalar(null, offset);
    if (isAlias(source)) return this.#resolve(source.resolve(this.#document), offset, source.source, depth);
    const known = this.#done.get(source);
    if (known) {
      this.#count(known.weight, offset);
      return known.node;
    }
    if (depth > MAX_DEPTH) throw this.#refuse(offset, `values are nested more than ${MAX_DEPTH} deep`);
    const before = this.#weight;
    this.#count(1, offset);
    this.#open.add(source);
    const node = this.#convertFresh(source, offset, depth);
    this.#open.delete(source);
    this.#done.set(source, { node, weight: this.#weight - before });
    return node;
  }

  #convertFresh(source: Node, offset: number, depth: number): LocatedNode {
    const at = this.#place(offset);
    if (isScalar(source)) return this.#convertScalar(source, offset);
    if (isSeq(source)) {
      return { kind: "list", at, items: source.items.map((item) => this.convert(item as Node, depth + 1, offset)) };
    }
    if (isMap(source)) return { kind: "map", at, entries: this.#entries(source, depth) };
    throw this.#refuse(offset, "this is no plain value");
  }

  #resolve(target: Node | undefined, offset: number, name: string, depth: number): LocatedNode {
    if (!target)
      throw this.#refuse(
        offset,
        `the anchor \`${name}\` is not defined above`,
        "text that begins with `*` needs quotes",
      );
    if (this.#open.has(target)) throw this.#refuse(offset, `the alias \`${name}\` is inside its own anchor`);
    return this.convert(target, depth);
  }

  #entries(source: YAMLMap, depth: number): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    const merged: LocatedNode[] = [];
    for (const pair of source.items as Pair<Node, Node | null>[]) {
      const offset = pair.key.range?.[0] ?? 0;
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const node = this.convert(pair.value, depth + 1, offset);
      if (key === "<<") merged.push(node);
      else entries.set(key, { keyAt: this.#place(offset), node });
    }
    for (const node of merged) this.#merge(entries, node);
    return entries;
  }

  /** YAML's merge key: `<<: *common` adds what is not there. */
  #merge(entries: Map<string, Entry>, node: LocatedNode): void {
    const maps = node.kind === "list" ? node.items : [node];
    for (const map of maps) {
      if (map.kind !== "map") this.#problems.error(map.at, "`<<` takes a map, or a list of maps");
      else for (const [key, entry] of (map as MapNode).entries) if (!entries.has(key)) entries.set(key, entry);
    }
  }

  #convertScalar(source: Scalar, offset: number): ScalarNode {
    const { value } = source;
    if (typeof value === "bigint") {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) {
        this.#problems.error(this.#place(offset), "an integer beyond 2^53 loses digits", "put it into quotes");
      }
      return this.#scalar(number, offset);
    }
    if (typeof value === "number" && !Number.isFinite(value)) {
      this.#problems.error(this.#place(offset), "this is no finite number", "put it into quotes if it is text");
      return this.#scalar(0, offset);
    }
    if (typeof value === "string") return this.#scalar(value, offset, this.#textOffset(source, value));
    if (typeof value === "boolean" || typeof value === "number") return this.#scalar(value, offset);
    if (value === null || value === undefined) return this.#scalar(null, offset);
    throw this.#refuse(offset, "this is no plain value", "tags are not used in pipeline files");
  }

  /** Where a scalar's text begins, when the file has it letter by letter (on one line, without escapes). */
  #textOffset(source: Scalar, value: string): number | undefined {
    const [start = 0, end = 0] = source.range ?? [];
    const quote = source.type === "PLAIN" ? 0 : 1;
    return this.#text.slice(start + quote, end - quote) === value ? start + quote : undefined;
  }

  #scalar(value: ScalarNode["value"], offset: number, textOffset?: number): ScalarNode {
    const textAt = textOffset === undefined ? undefined : this.#place(textOffset);
    return { kind: "scalar", at: this.#place(offset), value, textAt, interpolated: false };
  }

  #count(weight: number, offset: number): void {
    this.#weight += weight;
    if (this.#weight > MAX_NODES) {
      throw this.#refuse(offset, `the file expands to more than ${MAX_NODES} values`, "its aliases multiply");
    }
  }

  #refuse(offset: number, message: string, hint?: string): Refused {
    this.#problems.error(this.#place(offset), message, hint);
    return new Refused(message);
  }
}
