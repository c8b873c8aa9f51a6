import type { Registry, SinkDefinition, SourceDefinition, StepDefinition, Value } from "@sluice/core";
import { errorText } from "@sluice/core";
import { checkNode, type Subject } from "./check.ts";
import { suggestion } from "./nearest.ts";
import { describeNode, type LocatedNode, type MapNode, type ScalarNode, toValue } from "./node.ts";
import type { Position, Problems } from "./problem.ts";

/** A component of a file whose options are valid, and where it stands. */
export type LoadedComponent =
  | (Loaded & { readonly kind: "source"; readonly definition: SourceDefinition })
  | (Loaded & { readonly kind: "step"; readonly definition: StepDefinition })
  | (Loaded & { readonly kind: "sink"; readonly definition: SinkDefinition });

interface Loaded {
  /** `access`, `steps[2]`. */
  readonly name: string;
  readonly at: Position;
  /** The options as written, to find an expression in them. */
  readonly node: LocatedNode;
  /** The options after their zod type. */
  readonly options: unknown;
}

interface Definitions {
  source: SourceDefinition;
  step: StepDefinition;
  sink: SinkDefinition;
}

/** What a file is read with. */
export interface ReadContext {
  readonly registry: Registry;
  readonly problems: Problems;
}

/** The definition of a type, or undefined when there is none, which is reported at the place. */
export async function findDefinition<K extends keyof Definitions>(
  kind: K,
  type: string,
  at: Position,
  { registry, problems }: ReadContext,
): Promise<Definitions[K] | undefined> {
  const known = { source: registry.sourceTypes, step: registry.stepTypes, sink: registry.sinkTypes }[kind];
  if (!known.includes(type)) {
    problems.error(
      at,
      kind === "step" ? `unknown step \`${type}\`` : `unknown ${kind} type \`${type}\``,
      suggestion(type, known),
    );
    return undefined;
  }
  try {
    return (await registry[kind](type)) as Definitions[K];
  } catch (error) {
    problems.error(at, `${kind} \`${type}\` cannot be loaded: ${errorText(error)}`);
    return undefined;
  }
}

/** The `type` of a source or sink; reports a missing one. */
export function readType(
  kind: "source" | "sink",
  label: string,
  node: MapNode,
  context: ReadContext,
): ScalarNode | undefined {
  const type = node.entries.get("type")?.node;
  if (type?.kind === "scalar" && typeof type.value === "string") return type;
  const known = kind === "source" ? context.registry.sourceTypes : context.registry.sinkTypes;
  const hint = `known: ${[...known].sort().join(", ")}`;
  if (type) context.problems.error(type.at, `\`type\` must be a string, not ${describeNode(type)}`, hint);
  else context.problems.error(node.at, `${label} has no \`type\``, hint);
  return undefined;
}

/** Checks options; returns them raw (numbers and booleans of `${…}` made) and parsed. */
export function readOptions(
  definition: LoadedComponent["definition"],
  node: LocatedNode,
  subject: Subject,
  problems: Problems,
): { raw: Value; parsed: unknown; node: LocatedNode } | undefined {
  // `- dedupe:` is written for "with all defaults".
  const { options: type } = definition;
  const isEmpty = node.kind === "scalar" && node.value === null && !type.safeParse(null).success;
  const useDefaults = isEmpty && type.safeParse({}).success;
  const options: LocatedNode = useDefaults ? { kind: "map", at: node.at, entries: new Map() } : node;
  const before = problems.list.length;
  const parsed = checkNode(type, options, subject, problems);
  // Undefined: a reference in them could not be replaced, which is reported already.
  return problems.list.length > before || parsed === undefined
    ? undefined
    : { raw: toValue(options), parsed, node: options };
}
