import { type Event, setField, type Value } from "@sluice/core";

/** Deeper values are not walked: no parser makes them, and they could exhaust the stack. */
const MAX_DEPTH = 64;

export interface Visitor {
  /** Gives the new value of a string or number; `field` is the name of the field or key that holds it. */
  scalar(value: string | number, field: string): Value;
  /** Gives the new name of a field or key. */
  name(name: string): string;
  /** Stands in the place of what is nested too deeply. */
  readonly tooDeep: Value;
}

/** Puts every string and number of an event, and every name, through a visitor. Changes the event in place. */
export function walkEvent(event: Event, visitor: Visitor, skip: (field: string, value: Value) => boolean): void {
  for (const field of Object.keys(event)) {
    const value = event[field] as Value;
    if (skip(field, value)) continue;
    const changed = walkValue(value, field, visitor, 0);
    const name = visitor.name(field);
    if (name !== field) {
      delete event[field];
      setField(event, unusedName(event, name), changed);
    } else if (changed !== value) setField(event, field, changed);
  }
}

function walkValue(value: Value, field: string, visitor: Visitor, depth: number): Value {
  if (typeof value === "string" || typeof value === "number") return visitor.scalar(value, field);
  if (value === null || typeof value !== "object") return value;
  if (depth >= MAX_DEPTH) return visitor.tooDeep;
  return isList(value) ? walkList(value, field, visitor, depth + 1) : walkObject(value, visitor, depth + 1);
}

function walkList(list: readonly Value[], field: string, visitor: Visitor, depth: number): Value {
  const changed = list.map((item) => walkValue(item, field, visitor, depth));
  return changed.some((item, index) => item !== list[index]) ? changed : list;
}

function walkObject(object: { readonly [key: string]: Value }, visitor: Visitor, depth: number): Value {
  const result: Event = {};
  let same = true;
  for (const key of Object.keys(object)) {
    const value = object[key] as Value;
    const changed = walkValue(value, key, visitor, depth);
    const name = visitor.name(key);
    same &&= changed === value && name === key;
    setField(result, name === key ? key : unusedName(result, name), changed);
  }
  return same ? object : result;
}

/** Two names may have become the same; neither's value may be lost. */
function unusedName(event: Event, name: string): string {
  let free = name;
  for (let n = 2; Object.hasOwn(event, free); n++) free = `${name}_${n}`;
  return free;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
