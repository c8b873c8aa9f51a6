import { type Event, type JsonObject, setField, type Value } from "@sluice/core";

/** Sets the members of a JSON object as dotted fields; lists stay lists, empty objects are left out. */
export function setDotted(event: Event, object: JsonObject, prefix = ""): void {
  for (const key of Object.keys(object)) {
    const value = object[key] as Value;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      setDotted(event, value as JsonObject, `${prefix}${key}.`);
    } else setField(event, prefix + key, value);
  }
}
