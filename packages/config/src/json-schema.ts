import { duration, rate, size } from "@sluice/core";
import { z } from "zod";

/** The parts of JSON Schema that zod writes and that are read here. */
export interface JsonSchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  examples?: unknown[];
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  [keyword: string]: unknown;
}

const cache = new WeakMap<z.ZodType, JsonSchema>();

/** The JSON Schema of what is written in a file for a zod type. */
export function jsonSchemaOf(type: z.ZodType): JsonSchema {
  let schema = cache.get(type);
  if (!schema) {
    const made = z.toJSONSchema(type, { io: "input", unrepresentable: "any", override: restore }) as JsonSchema;
    const { $schema: _version, "~standard": _standard, ...rest } = made;
    schema = rest;
    cache.set(type, schema);
  }
  return schema;
}

/** zod leaves examples and defaults out where a value is transformed; both are about what is written, so they stay. */
function restore({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: object }): void {
  const target = jsonSchema as JsonSchema;
  const meta = metaOf(zodSchema);
  if (meta?.examples) target.examples = meta.examples;
  const { def } = zodSchema._zod;
  if (def.type !== "default" || target.default !== undefined) return;
  target.examples ??= metaOf(def.innerType)?.examples as unknown[];
  target.default = withUnit(def.defaultValue, target);
}

function metaOf(type: z.core.$ZodType): { readonly examples?: unknown[] } | undefined {
  return z.globalRegistry.get(type) as { examples?: unknown[] } | undefined;
}

/** Defaults of sizes and times are numbers in the code; shown they have their unit, as in a file. */
function withUnit(value: unknown, schema: JsonSchema): unknown {
  if (typeof value !== "number" || !schema.pattern) return value;
  if (schema.pattern === unitPatterns().rate) return `${value}/s`;
  if (schema.pattern === unitPatterns().size) return largest(value, SIZES);
  return schema.pattern === unitPatterns().duration ? largest(value, TIMES) : value;
}

/** Whether a schema is of text with a unit: a size, a duration or a rate. */
export function hasUnit({ pattern }: JsonSchema): boolean {
  return pattern !== undefined && Object.values(unitPatterns()).includes(pattern);
}

let patterns: Record<"size" | "duration" | "rate", string> | undefined;

function unitPatterns(): Record<"size" | "duration" | "rate", string> {
  const patternOf = (type: z.ZodType): string => z.globalRegistry.get(type)?.["pattern"] as string;
  patterns ??= { size: patternOf(size()), duration: patternOf(duration()), rate: patternOf(rate()) };
  return patterns;
}

const SIZES = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
] as const;
const TIMES = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

function largest(value: number, units: readonly (readonly [string, number])[]): string {
  const [unit, factor] = units.find(([, factor]) => value >= factor && value % factor === 0) ?? ["", 1];
  return `${value / factor}${unit || units.at(-1)?.[0]}`;
}

/** All schemas that a value at a path may be checked against. */
export function schemasAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema[] {
  const here = alternatives(schema);
  const [part, ...rest] = path;
  if (part === undefined) return here;
  return here.flatMap((one) => {
    const next = childSchema(one, part);
    return next ? schemasAt(next, rest) : [];
  });
}

/** A schema taken apart into the ones that `anyOf` and `oneOf` offer, each with a description of its own or the whole's. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf;
  if (!choices) return [schema];
  const { description } = schema;
  return choices.flatMap(alternatives).map((one) => (description ? { description, ...one } : one));
}

function childSchema(schema: JsonSchema, part: PropertyKey): JsonSchema | undefined {
  if (typeof part === "number") return schema.items;
  const key = String(part);
  if (schema.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

/** Names of the keys that an object at a path may have. */
export function keysAt(schema: JsonSchema, path: readonly PropertyKey[]): string[] {
  return [...new Set(schemasAt(schema, path).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}
