import { formatInstant, parseRfc3339, type Value } from "@sluice/core";
import { finite, isMap, type Result, size } from "./values.ts";

/** A function of the language: called with its arguments (a method's receiver first). */
export interface Builtin {
  /** Least and most number of arguments, the receiver not counted. */
  readonly arity: readonly [least: number, most: number];
  readonly call: (a: Result, b: Result, c: Result) => Result;
}

const one = (call: Builtin["call"]): Builtin => ({ arity: [1, 1], call });

/** Functions: `size(tags)`. */
export const FUNCTIONS: Readonly<Record<string, Builtin>> = {
  size: one(size),
  string: one(toText),
  double: one(toNumber),
  int: one((value) => {
    const number = value instanceof Date ? value.getTime() / 1000 : toNumber(value);
    return typeof number === "number" ? Math.trunc(number) : undefined;
  }),
  bool: one((value) => (typeof value === "boolean" ? value : textToBool(value))),
  dyn: one((value) => value),
  timestamp: one(toDate),
};

const onText = (arity: Builtin["arity"], call: (text: string, b: Result, c: Result) => Result): Builtin => ({
  arity,
  call: (text, b, c) => (typeof text === "string" ? call(text, b, c) : undefined),
});
const onTwoTexts = (call: (text: string, other: string) => Result): Builtin =>
  onText([1, 1], (text, other) => (typeof other === "string" ? call(text, other) : undefined));
const onTextAndNumber = (call: (text: string, other: string, number?: number) => Result): Builtin =>
  onText([1, 2], (text, other, number) =>
    typeof other === "string" && (number === undefined || typeof number === "number")
      ? call(text, other, number)
      : undefined,
  );
const onDate = (call: (date: Date) => number): Builtin => ({
  arity: [0, 0],
  call: (date) => (date instanceof Date ? call(date) : undefined),
});

/** Methods: `message.contains("x")`. `matches` is compiled apart. */
export const METHODS: Readonly<Record<string, Builtin>> = {
  contains: onTwoTexts((text, other) => text.includes(other)),
  startsWith: onTwoTexts((text, other) => text.startsWith(other)),
  endsWith: onTwoTexts((text, other) => text.endsWith(other)),
  indexOf: onTextAndNumber((text, other, from) => text.indexOf(other, from)),
  lastIndexOf: onTextAndNumber((text, other, from) => text.lastIndexOf(other, from)),
  substring: onText([1, 2], substring),
  split: onTextAndNumber((text, separator, limit) => text.split(separator, limit)),
  lowerAscii: onText([0, 0], (text) => text.replace(/[A-Z]+/g, (part) => part.toLowerCase())),
  upperAscii: onText([0, 0], (text) => text.replace(/[a-z]+/g, (part) => part.toUpperCase())),
  trim: onText([0, 0], (text) => text.trim()),
  join: { arity: [0, 1], call: join },
  size: { arity: [0, 0], call: size },
  getFullYear: onDate((date) => date.getUTCFullYear()),
  getMonth: onDate((date) => date.getUTCMonth()),
  getDate: onDate((date) => date.getUTCDate()),
  getDayOfMonth: onDate((date) => date.getUTCDate() - 1),
  getDayOfWeek: onDate((date) => date.getUTCDay()),
  getHours: onDate((date) => date.getUTCHours()),
  getMinutes: onDate((date) => date.getUTCMinutes()),
  getSeconds: onDate((date) => date.getUTCSeconds()),
  getMilliseconds: onDate((date) => date.getUTCMilliseconds()),
};

/** A result as a field may hold it: dates become RFC 3339 text. */
export function toValue(result: Result): Value | undefined {
  if (result instanceof Date) return formatInstant(result.getTime()) || undefined;
  if (Array.isArray(result)) return result.map((item) => toValue(item as Result) ?? null);
  if (!isMap(result)) return result;
  return Object.fromEntries(Object.entries(result).map(([key, value]) => [key, toValue(value) ?? null]));
}

function toText(value: Result): Result {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value instanceof Date ? toValue(value) : undefined;
}

function toNumber(value: Result): Result {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  return finite(Number(value));
}

function textToBool(value: Result): Result {
  if (value === "true") return true;
  return value === "false" ? false : undefined;
}

function toDate(value: Result): Result {
  if (value instanceof Date) return value;
  if (typeof value === "number") return validDate(value * 1000);
  const instant = typeof value === "string" ? parseRfc3339(value) : null;
  return instant ? validDate(instant.ms) : undefined;
}

function validDate(ms: number): Date | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function substring(text: string, start: Result, end: Result): Result {
  if (typeof start !== "number") return undefined;
  const to = end === undefined ? text.length : end;
  if (typeof to !== "number" || start < 0 || to > text.length || start > to) return undefined;
  return text.substring(start, to);
}

function join(list: Result, separator: Result): Result {
  if (!Array.isArray(list)) return undefined;
  if (separator !== undefined && typeof separator !== "string") return undefined;
  return list.every((item) => typeof item === "string") ? list.join(separator ?? "") : undefined;
}
