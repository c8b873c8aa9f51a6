import type { Value } from "@sluice/core";
import { parse } from "yaml";

/** A value as it is written in a pipeline file: a list, a map, a number; text that is no YAML, like `*.log`, is itself. */
export function parseValue(text: string): Value {
  try {
    const value: unknown = parse(text);
    return value === undefined || value instanceof Date ? text : (value as Value);
  } catch {
    return text;
  }
}
