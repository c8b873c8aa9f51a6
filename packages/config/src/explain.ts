import type { PipelineSpec, Value } from "@sluice/core";
import { setField } from "@sluice/core";
import { stringify } from "yaml";
import type { LoadedComponent } from "./component.ts";
import { type Hide, hideSecrets } from "./hide-secrets.ts";
import { alternatives, type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import type { LoadedPipeline } from "./load.ts";
import { type LocatedNode, type MapNode, nodeOf, only, toValue, toWritten, without } from "./node.ts";
import { DEFAULT_BUFFER_MIB, SINK_COMMON_KEYS, sinkCommonType } from "./sink-common.ts";

type Options = { [key: string]: Value };

/** A pipeline as it is understood, in the form of a pipeline file. */
export interface ExplainedPipeline {
  readonly name: string;
  readonly sources: Options;
  readonly steps: readonly Value[];
  readonly sinks: Options;
  readonly tests?: Value;
}

/**
 * A pipeline with all its defaults written out, short forms in their long form, and the step `sanitize` that it has
 * without saying so. `${…}` stays as it is written, passwords and the like become `***`; `tests` are left alone.
 *
 * @param hide takes secrets out of other texts of sources and sinks
 */
export function explainPipeline(loaded: LoadedPipeline, spec: PipelineSpec, hide: Hide): ExplainedPipeline {
  const explained = { name: spec.name, sources: {} as Options, steps: [] as Value[], sinks: {} as Options };
  for (const component of loaded.components) {
    if (component.kind === "source") setField(explained.sources, component.name, endpoint(component, hide));
    else if (component.kind === "step") explained.steps.push(stepItem(component, loaded));
    else {
      const sink = { ...endpoint(component, hide), ...sinkOptions(component, loaded, hide) };
      setField(explained.sinks, component.name, sink);
    }
  }
  const tests = loaded.root?.entries.get("tests")?.node;
  return tests ? { ...explained, tests: toWritten(tests) } : explained;
}

/** A pipeline as the text of a pipeline file. */
export function pipelineText(pipeline: ExplainedPipeline, format: "yaml" | "json"): string {
  if (format === "json") return `${JSON.stringify(pipeline, null, 2)}\n`;
  return stringify(pipeline, { lineWidth: 0, aliasDuplicateObjects: false, version: "1.2" });
}

function endpoint(component: LoadedComponent, hide: Hide): Options {
  const { definition } = component;
  const options = fillComponent(component);
  return { type: definition.type, ...(hideSecrets(options, hide) as Options) };
}

/** What every sink has, with the size of its buffer, which depends on the kind. */
function sinkOptions({ name }: LoadedComponent, { root }: LoadedPipeline, hide: Hide): Options {
  const sinks = root?.entries.get("sinks")?.node as MapNode;
  const written = only(sinks.entries.get(name)?.node as MapNode, SINK_COMMON_KEYS);
  const common = fill(jsonSchemaOf(sinkCommonType), written) as Options & { buffer: Options };
  const kind = sinkCommonType.parse(toValue(written)).buffer.type;
  const { type = kind, ...others } = common.buffer;
  const buffer = { type, size: `${DEFAULT_BUFFER_MIB[kind]}MiB`, ...others };
  return hideSecrets({ ...common, buffer }, hide) as Options;
}

function stepItem(component: LoadedComponent, { root }: LoadedPipeline): Options {
  const options = hideInStep(component.definition.type, fillComponent(component));
  const index = /\d+/.exec(component.name)?.[0];
  const steps = root?.entries.get("steps")?.node;
  const written = steps?.kind === "list" ? steps.items[Number(index)] : undefined;
  const when = written?.kind === "map" ? written.entries.get("when")?.node : undefined;
  return { [component.definition.type]: options, ...(when ? { when: toWritten(when) } : {}) };
}

/** Keys of other steps are names of fields and rules: what stands beside `password` there is no password. */
function hideInStep(type: string, options: Value): Value {
  if (type === "set") return hideSecrets(options, (text) => text);
  if (typeof options !== "object" || options === null || !("hash_key" in options)) return options;
  const { hash_key: key } = options as Options;
  return { ...options, ...(hideSecrets({ hash_key: key as Value }, (text) => text) as Options) };
}

function fillComponent({ definition, node, options }: LoadedComponent): Value {
  const longForm = "longForm" in definition ? definition.longForm?.(options) : undefined;
  return fill(jsonSchemaOf(definition.options), longForm ? lengthen(node, longForm) : node);
}

/** A node with what its long form has in addition; a short form is replaced by it. */
function lengthen(node: LocatedNode, longForm: Readonly<Record<string, Value>>): LocatedNode {
  const long = nodeOf(longForm) as MapNode;
  if (node.kind === "map") return { ...node, entries: new Map([...long.entries, ...node.entries]) };
  if (node.kind === "scalar" && node.written !== undefined) keepWritten(long, node.value, node.written);
  return long.entries.size === 0 ? node : long;
}

/** What came from a `${…}` is shown as that. */
function keepWritten(node: LocatedNode, value: Value, written: string): void {
  if (node.kind === "scalar" && node.value === value) node.written = written;
  else if (node.kind === "list") for (const item of node.items) keepWritten(item, value, written);
  else if (node.kind === "map") for (const { node: child } of node.entries.values()) keepWritten(child, value, written);
}

/** A value as written, with the defaults of all maps in it. */
function fill(schema: JsonSchema, node: LocatedNode): Value {
  const form = formOf(schema, node);
  if (!form || node.kind === "scalar") return toWritten(node);
  if (node.kind === "list") return node.items.map((item) => fill(form.items ?? {}, item));
  const { properties = {} } = form;
  const filled: Options = {};
  for (const [key, option] of Object.entries(properties)) {
    const child = node.entries.get(key)?.node ?? defaultOf(option);
    if (child) setField(filled, key, fill(option, child));
  }
  const free = typeof form.additionalProperties === "object" ? form.additionalProperties : {};
  for (const [key, entry] of without(node, Object.keys(properties)).entries) {
    setField(filled, key, fill(free, entry.node));
  }
  return filled;
}

function defaultOf(option: JsonSchema): LocatedNode | undefined {
  return option.default === undefined ? undefined : nodeOf(option.default as Value);
}

/** The alternative of a schema that a node is written in. */
function formOf(schema: JsonSchema, node: LocatedNode): JsonSchema | undefined {
  const forms = alternatives(schema);
  if (node.kind === "list") return forms.find(({ type }) => type === "array");
  if (node.kind === "scalar") return forms[0];
  const keys = [...node.entries.keys()];
  const takes = ({ properties, additionalProperties }: JsonSchema): boolean =>
    Boolean(properties || additionalProperties) &&
    (typeof additionalProperties === "object" || keys.every((key) => Object.hasOwn(properties ?? {}, key)));
  return forms.find(takes);
}
