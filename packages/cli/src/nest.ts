import type { Event, Value } from "@sluice/core";

interface Nested {
  [key: string]: Value | Nested;
}

/** Dotted names as nested objects. Where a name is both a value and a parent (`a` and `a.b`), the longer stays dotted. */
export function nestFields(event: Event): Nested {
  const root: Nested = Object.create(null) as Nested;
  for (const [field, value] of Object.entries(event)) place(root, field, value);
  return root;
}

function place(root: Nested, field: string, value: Value): void {
  const parts = field.split(".");
  let at = root;
  for (const part of parts.slice(0, -1)) {
    const next = at[part] ?? (at[part] = Object.create(null) as Nested);
    if (typeof next !== "object" || next === null || Array.isArray(next)) {
      root[field] = value;
      return;
    }
    at = next as Nested;
  }
  const last = parts.at(-1) as string;
  if (last in at) root[field] = value;
  else at[last] = value;
}
