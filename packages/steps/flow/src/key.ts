import { createHash } from "node:crypto";
import { type Event, setField, type Value } from "@sluice/core";
import { z } from "zod";

const field = z.string().min(1);

/** Option that names the fields by which events belong together. */
export const keyFields = z.union([field, z.array(field).min(1)]);

export type KeyFields = z.output<typeof keyFields>;

const MOST_TEXT = 200;
const MOST_VALUE = 256;

export function listOf(fields: KeyFields | undefined): readonly string[] {
  return fields === undefined ? [] : typeof fields === "string" ? [fields] : fields;
}

/** What the fields of an event say, as one text of bounded length; the same text for the same values. */
export function keyOf(event: Event, fields: readonly string[]): string {
  const text = JSON.stringify(fields.map((name) => event[name] ?? null));
  return text.length <= MOST_TEXT ? text : createHash("sha256").update(text).digest("base64url");
}

/** The same in a form of which {@link valuesIn} reads the values, cut where they are long. */
export function legibleKey(event: Event, fields: readonly string[]): string {
  return JSON.stringify(fields.map((name) => short(event[name])));
}

function short(value: Value | undefined): Value {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "boolean") return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MOST_VALUE ? `${text.slice(0, MOST_VALUE)}…` : text;
}

/** Gives an event the fields of a legible key; returns the values as words for a message. */
export function setKeyFields(event: Event, fields: readonly string[], key: string): string {
  const values = JSON.parse(key) as Value[];
  for (const [index, name] of fields.entries()) {
    const value = values[index] ?? null;
    if (value !== null) setField(event, name, value);
  }
  return values
    .map((value) => (typeof value === "string" ? value : value === null ? "-" : JSON.stringify(value)))
    .join(" ");
}

/** A short text for ids that stands for a long one. */
export function digest(...parts: (string | number)[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}
