import type { SinkSpec, SourceSpec } from "@sluice/core";
import { asMap, checkNode } from "./check.ts";
import { findDefinition, type LoadedComponent, type ReadContext, readOptions, readType } from "./component.ts";
import { type Entry, type LocatedNode, type MapNode, only, without } from "./node.ts";
import { SINK_COMMON_KEYS, sinkCommon, sinkCommonType } from "./sink-common.ts";

/** Names become parts of metric labels, object keys and event ids. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
export const NAME_HINT = "letters, digits, `_`, `.` and `-`, a letter or digit first";

/** What was read of a section: specs for the pipeline, components for validation. */
export interface Section<Spec> {
  readonly specs: Spec[];
  readonly components: LoadedComponent[];
}

/** Reads `sources:`. */
export async function readSources(node: LocatedNode | undefined, context: ReadContext): Promise<Section<SourceSpec>> {
  const section: Section<SourceSpec> = { specs: [], components: [] };
  for (const [name, entry] of named("sources", node, context)) {
    const label = `source \`${name}\``;
    const map = asMap(entry.node, label, context.problems);
    const type = map && readType("source", label, map, context);
    const definition = type && (await findDefinition("source", String(type.value), type.at, context));
    if (!map || !definition) continue;
    const subject = { label, otherKeys: ["type"] };
    const options = readOptions(definition, without(map, ["type"]), subject, context.problems);
    if (!options) continue;
    section.specs.push({ name, type: definition.type, options: options.raw });
    const { parsed, node } = options;
    section.components.push({ kind: "source", name, at: entry.keyAt, definition, node, options: parsed });
  }
  return section;
}

/** Reads `sinks:`. */
export async function readSinks(
  node: LocatedNode | undefined,
  baseDir: string,
  context: ReadContext,
): Promise<Section<SinkSpec>> {
  const section: Section<SinkSpec> = { specs: [], components: [] };
  for (const [name, entry] of named("sinks", node, context)) {
    const label = `sink \`${name}\``;
    const map = asMap(entry.node, label, context.problems);
    if (map) await readSink(name, entry, map, baseDir, section, context);
  }
  return section;
}

async function readSink(
  name: string,
  entry: Entry,
  map: MapNode,
  baseDir: string,
  section: Section<SinkSpec>,
  context: ReadContext,
): Promise<void> {
  const label = `sink \`${name}\``;
  const common = checkNode(sinkCommonType, only(map, SINK_COMMON_KEYS), { label }, context.problems);
  const type = readType("sink", label, map, context);
  const definition = type && (await findDefinition("sink", String(type.value), type.at, context));
  if (!definition) return;
  const subject = { label, otherKeys: ["type", ...SINK_COMMON_KEYS] };
  const options = readOptions(definition, without(map, ["type", ...SINK_COMMON_KEYS]), subject, context.problems);
  if (!options || !common) return;
  section.specs.push({ name, type: definition.type, options: options.raw, ...sinkCommon(common, baseDir) });
  const { parsed, node } = options;
  section.components.push({ kind: "sink", name, at: entry.keyAt, definition, node, options: parsed });
}

/** The entries of a section whose keys are names; an absent or empty section has none. */
function named(key: string, node: LocatedNode | undefined, { problems }: ReadContext): [string, Entry][] {
  if (!node || (node.kind === "scalar" && node.value === null)) return [];
  const map = asMap(node, `\`${key}\``, problems);
  if (!map) return [];
  const entries = [...map.entries];
  for (const [name, entry] of entries) {
    if (!NAME.test(name)) problems.error(entry.keyAt, `\`${name}\` cannot be a name`, NAME_HINT);
  }
  return entries;
}
