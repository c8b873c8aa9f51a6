import type { Value } from "@sluice/core";

// What operators do with values. Anything that does not fit is undefined ("absent"), never an exception.

/** A value while an expression runs: undefined is an absent field or a result that does not exist. */
export type Result = Value | Date | undefined;

/** A value that is there. */
export type Present = Exclude<Result, undefined>;

/** True for JSON objects: neither null, list nor date. */
export function isMap(value: Result): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Equality by value; numbers compare as numbers, different types are never equal. */
export function equals(a: Present, b: Present): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  return isMap(a) && isMap(b) && equalMaps(a, b);
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i] as Value));
}

function equalMaps(a: { readonly [key: string]: Value }, b: { readonly [key: string]: Value }): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equals(a[key] as Value, b[key] as Value))
  );
}

/** Negative, zero or positive; NaN when the two have no order (absent, or of different types). */
export function compare(a: Result, b: Result): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  return Number.NaN;
}

/** Membership in a list, or of a key in a map; null when the question makes no sense. */
export function contains(item: Result, collection: Result): boolean {
  if (item === undefined) return false;
  if (Array.isArray(collection)) return collection.some((other) => equals(item, other as Value));
  return isMap(collection) && typeof item === "string" && Object.hasOwn(collection, item);
}

/** `+`: sum of numbers, concatenation of strings or of lists. */
export function add(a: Result, b: Result): Result {
  if (typeof a === "number" && typeof b === "number") return finite(a + b);
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b] as Value[];
  return undefined;
}

/** Arithmetic on numbers. Division is exact (`7 / 2` is 3.5): numbers of events are doubles. */
export function arithmetic(op: "-" | "*" | "/" | "%", a: Result, b: Result): Result {
  if (typeof a !== "number" || typeof b !== "number") return undefined;
  if (op === "-") return finite(a - b);
  if (op === "*") return finite(a * b);
  return finite(op === "/" ? a / b : a % b);
}

/** JSON has no NaN and no infinity. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Element of a list by index, or member of a map by name. */
export function member(base: Result, key: Result): Result {
  if (Array.isArray(base)) return typeof key === "number" ? (base[key] as Value | undefined) : undefined;
  if (isMap(base) && typeof key === "string" && Object.hasOwn(base, key)) return base[key];
  return undefined;
}

/** Characters (code points) of a string, elements of a list, members of a map. */
export function size(value: Result): number | undefined {
  if (typeof value === "string") return countCodePoints(value);
  if (Array.isArray(value)) return value.length;
  return isMap(value) ? Object.keys(value).length : undefined;
}

function countCodePoints(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length - 1; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (isPair) pairs++;
  }
  return text.length - pairs;
}
