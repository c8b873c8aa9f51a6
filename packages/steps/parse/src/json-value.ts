import { type Event, setField, type Value } from "@sluice/core";

/** Deeper JSON is refused: it is no log, and whoever writes it out again would overflow the stack. */
const MAX_DEPTH = 64;
const LONG_NUMBER = /[:[,\s-]\d{16}/;

/**
 * Reads one JSON object. Integers that a double cannot hold become strings with the same digits. Null when the text is
 * no object, or nested deeper than 64 levels.
 */
export function readJsonObject(text: string): { readonly [key: string]: Value } | null {
  let value: unknown;
  try {
    value = LONG_NUMBER.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return withinDepth(value, MAX_DEPTH) ? (value as { [key: string]: Value }) : null;
}

/** Sets the members of a JSON object as dotted fields; lists stay lists, empty objects are left out. */
export function setDotted(event: Event, object: { readonly [key: string]: Value }, prefix = ""): void {
  for (const key of Object.keys(object)) {
    const value = object[key] as Value;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      setDotted(event, value as { readonly [key: string]: Value }, `${prefix}${key}.`);
    } else setField(event, prefix + key, value);
  }
}

function exactInteger(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

function withinDepth(value: object, depth: number): boolean {
  if (depth === 0) return false;
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null && !withinDepth(inner, depth - 1)) return false;
  }
  return true;
}
