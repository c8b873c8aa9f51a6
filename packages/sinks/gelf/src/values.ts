import type { Value } from "@sluice/core";

/** What an event's value becomes in GELF, which knows text and numbers only. */
export type Flat =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly number: number }
  /** An integer beyond 2^53, which many readers of JSON would round. */
  | { readonly kind: "big"; readonly text: string }
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, Value])[] }
  | { readonly kind: "nothing"; readonly reason: "null_left_out" | "empty_left_out" };

const INTEGER = /^-?[1-9]\d{15,18}$/;
const MAX_LONG = 2n ** 63n;

/** Reads an event's value; lists are joined, objects are for the caller to flatten. */
export function flatten(value: Value | undefined): Flat {
  switch (typeof value) {
    case "string":
      return isLong(value) ? { kind: "big", text: value } : { kind: "text", text: value };
    case "number":
      return flattenNumber(value);
    case "boolean":
      return { kind: "text", text: value ? "true" : "false" };
    case "object":
      return value === null ? { kind: "nothing", reason: "null_left_out" } : flattenObject(value);
    default:
      return { kind: "nothing", reason: "null_left_out" };
  }
}

function flattenNumber(value: number): Flat {
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return { kind: "number", number: value };
  if (Math.abs(value) < 2 ** 63) return { kind: "big", text: BigInt(value).toString() };
  return { kind: "text", text: String(value) };
}

function flattenObject(value: readonly Value[] | { readonly [key: string]: Value }): Flat {
  const entries = Array.isArray(value) ? (value as readonly Value[]) : Object.entries(value);
  if (entries.length === 0) return { kind: "nothing", reason: "empty_left_out" };
  return Array.isArray(value)
    ? { kind: "text", text: (value as readonly Value[]).map(itemText).join(", ") }
    : { kind: "object", entries: entries as [string, Value][] };
}

/** One item of a list as text; what is not plain text is written as JSON. */
export function itemText(value: Value): string {
  return typeof value === "string" ? value : jsonText(value);
}

/** JSON of a value, also of one nested deeper than the engine can go. */
function jsonText(value: Value): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "(nested too deep)";
  }
}

/** True for the text of an integer that is beyond 2^53 and fits into the index's 64-bit type. */
function isLong(text: string): boolean {
  if (text.length < 16 || text.length > 20 || !INTEGER.test(text)) return false;
  const value = BigInt(text);
  return (value > 2n ** 53n || value < -(2n ** 53n)) && value < MAX_LONG && value >= -MAX_LONG;
}
