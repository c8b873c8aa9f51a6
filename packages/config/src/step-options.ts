import type { Value } from "@sluice/core";
import { findDefinition, readOptions } from "./component.ts";
import { type LoadOptions, readMap, replaceReferences } from "./load.ts";
import type { LocatedNode, MapNode } from "./node.ts";
import { type Problem, Problems } from "./problem.ts";

/** Options of one step, read from a file. */
export interface LoadedStepOptions {
  /** As written in the file; absent when the problems have an error, or when a pipeline file has no such step. */
  readonly options?: Value;
  readonly problems: readonly Problem[];
}

/**
 * Reads the options of a step from a file: a map of them, or a pipeline file, of which the first such step is taken and
 * nothing else is checked. Rejects never: what is wrong is a problem.
 */
export async function loadStepOptions(file: string, type: string, options: LoadOptions): Promise<LoadedStepOptions> {
  const problems = new Problems(file);
  const root = await readMap(file, "a file of options", options, problems);
  const node = root && (isPipeline(root) ? stepIn(root, type) : root);
  if (!root || !node) return { problems: problems.sorted() };
  await replaceReferences(node, file, options, problems);
  const definition = await findDefinition("step", type, root.at, { registry: options.registry, problems });
  const read = definition && readOptions(definition, node, { label: `\`${type}\`` }, problems);
  return problems.hasErrors || !read
    ? { problems: problems.sorted() }
    : { options: read.raw, problems: problems.sorted() };
}

function stepIn(root: MapNode, type: string): LocatedNode | undefined {
  const steps = root.entries.get("steps")?.node;
  const items = steps?.kind === "list" ? steps.items : [];
  return items.flatMap((item) => (item.kind === "map" ? (item.entries.get(type)?.node ?? []) : [])).at(0);
}

function isPipeline(root: MapNode): boolean {
  return ["sources", "steps", "sinks"].some((key) => root.entries.has(key));
}
