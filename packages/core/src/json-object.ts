import type { Value } from "./event.ts";

/** Deeper JSON is refused: it is no log, and whoever copies it or writes it out again would overflow the stack. */
const MAX_DEPTH = 64;
const LONG_NUMBER = /[:[,\s-]\d{16}/;

/** What a JSON object of somebody else's holds. */
export interface JsonObject {
  readonly [key: string]: Value;
}

/** Reads one JSON object. Null when the text is none, or nested deeper than 64 levels. Never throws. */
export function readJsonObject(text: string): JsonObject | null {
  return objectOf(() => JSON.parse(text));
}

/** The same, but integers that a double cannot hold become strings with the same digits. */
export function readExactJsonObject(text: string): JsonObject | null {
  return LONG_NUMBER.test(text) ? objectOf(() => JSON.parse(text, exactInteger)) : readJsonObject(text);
}

function objectOf(parse: () => unknown): JsonObject | null {
  let value: unknown;
  try {
    value = parse();
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return isWithin(value, MAX_DEPTH) ? (value as JsonObject) : null;
}

function exactInteger(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

function isWithin(value: object, depth: number): boolean {
  if (depth === 0) return false;
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null && !isWithin(inner, depth - 1)) return false;
  }
  return true;
}
