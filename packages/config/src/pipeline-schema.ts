import type { Registry, SinkDefinition, SourceDefinition, StepDefinition } from "@sluice/core";
import { NAME } from "./endpoints.ts";
import { alternatives, type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { sinkCommonType } from "./sink-common.ts";
import { testType } from "./tests.ts";

/** A string that holds a `${…}` may stand where a number, a choice or a unit is wanted. */
const INTERPOLATED: JsonSchema = { type: "string", pattern: "\\$\\{", description: "Replaced before it is checked" };
const WHEN: JsonSchema = {
  type: ["string", "boolean"],
  description: "CEL expression over the event's fields; where it is not true the step is skipped",
  examples: ["http.response.status_code >= 400", '"slow" in tags'],
};

const LEAVES: readonly string[] = ["string", "number", "integer", "boolean"];

type Defs = Record<string, JsonSchema>;

/** One JSON Schema (draft 2020-12) of the whole pipeline file with all components, for editors. */
export async function pipelineJsonSchema(registry: Registry): Promise<object> {
  const defs: Defs = { interpolated: INTERPOLATED };
  const sources = await Promise.all(registry.sourceTypes.map((type) => registry.source(type)));
  const steps = await Promise.all(registry.stepTypes.map((type) => registry.step(type)));
  const sinks = await Promise.all(registry.sinkTypes.map((type) => registry.sink(type)));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "sluice pipeline",
    description: "Sources feed steps in order; every event that survives goes to every sink whose `when` holds.",
    type: "object",
    properties: {
      name: text("Name of the pipeline; the file's name unless given", NAME.source),
      sources: named(
        "Where events come from, by name",
        sources.flatMap((one) => endpoint(one, defs)),
      ),
      steps: { type: "array", description: "What happens to each event, in order", items: stepItem(steps, defs) },
      sinks: named(
        "Where events go, by name",
        sinks.flatMap((one) => endpoint(one, defs)),
      ),
      tests: { type: "array", description: "Run by `sluice test`", items: embed(jsonSchemaOf(testType), "test", defs) },
    },
    additionalProperties: false,
    $defs: defs,
  };
}

function text(description: string, pattern: string): JsonSchema {
  return { type: "string", description, pattern };
}

function named(description: string, choices: readonly JsonSchema[]): JsonSchema {
  const names = { pattern: NAME.source };
  return { type: "object", description, propertyNames: names, additionalProperties: { oneOf: [...choices] } };
}

/** A source or sink: its options beside its `type`. One schema for each alternative that its options have. */
function endpoint({ kind, type, summary, options }: SourceDefinition | SinkDefinition, defs: Defs): JsonSchema[] {
  const common = kind === "sink" ? embed(jsonSchemaOf(sinkCommonType), "sink", defs).properties : {};
  return alternatives(embed(jsonSchemaOf(options), `${kind}_${type}`, defs)).map((schema) => ({
    ...schema,
    type: "object",
    description: summary,
    properties: { type: { const: type, description: summary }, ...schema.properties, ...common },
    required: ["type", ...(schema.required ?? [])],
  }));
}

function stepItem(steps: readonly StepDefinition[], defs: Defs): JsonSchema {
  return {
    oneOf: steps.map(({ type, summary, options }) => ({
      type: "object",
      description: summary,
      properties: {
        [type]: stepOptions(embed(jsonSchemaOf(options), `step_${type}`, defs), summary),
        when: WHEN,
      },
      required: [type],
      additionalProperties: false,
    })),
  };
}

/** `- dedupe:` stands for all defaults, where there is a default for everything. */
function stepOptions(schema: JsonSchema, summary: string): JsonSchema {
  const mayBeEmpty = schema.type === "object" && schema.properties && !schema.required?.length;
  return { description: summary, ...schema, ...(mayBeEmpty ? { type: ["object", "null"] } : {}) };
}

/** A schema as a part of the whole: its definitions move to the top, and `${…}` is allowed for what is not plain text. */
function embed(schema: JsonSchema, prefix: string, defs: Defs): JsonSchema {
  const { $defs, ...rest } = schema as JsonSchema & { $defs?: Defs };
  const rename = (part: JsonSchema): JsonSchema => transform(part, (one) => withRef(allowInterpolation(one), prefix));
  for (const [name, def] of Object.entries($defs ?? {})) defs[`${prefix}_${name}`] = rename(def);
  return rename(rest);
}

function withRef(schema: JsonSchema, prefix: string): JsonSchema {
  const ref = schema["$ref"];
  const isOwn = typeof ref === "string" && ref.startsWith("#/$defs/") && ref !== "#/$defs/interpolated";
  return isOwn ? { ...schema, $ref: `#/$defs/${prefix}_${ref.slice("#/$defs/".length)}` } : schema;
}

/** Applies a change to a schema and all schemas in it, innermost first. */
function transform(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const each = (list: JsonSchema[]): JsonSchema[] => list.map((one) => transform(one, change));
  const copy: JsonSchema = { ...schema };
  if (copy.properties) {
    const entries = Object.entries(copy.properties);
    copy.properties = Object.fromEntries(entries.map(([key, value]) => [key, transform(value, change)]));
  }
  if (typeof copy.additionalProperties === "object") {
    copy.additionalProperties = transform(copy.additionalProperties, change);
  }
  if (copy.items) copy.items = transform(copy.items, change);
  if (copy.anyOf) copy.anyOf = each(copy.anyOf);
  if (copy.oneOf) copy.oneOf = each(copy.oneOf);
  return change(copy);
}

function allowInterpolation(schema: JsonSchema): JsonSchema {
  const isPlainText = schema.type === "string" && !schema.pattern && !schema.enum && !schema.format;
  const isLeaf = typeof schema.type === "string" && LEAVES.includes(schema.type);
  if (!isLeaf || isPlainText || schema.const !== undefined) return schema;
  const { description, default: fallback, examples, ...rest } = schema;
  const about = { description, default: fallback, examples };
  const present = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined));
  return { ...present, anyOf: [rest, { $ref: "#/$defs/interpolated" }] };
}
