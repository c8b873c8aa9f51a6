/** A value that an event field may hold. Integers beyond 2^53 are kept as strings by whoever parses them. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/**
 * One log event: a flat object of dotted field names in the Elastic Common Schema (`source.ip`, `url.path`).
 *
 * `message` is the line, `@timestamp` its time as RFC 3339 text in UTC with 3 to 9 fractional digits
 * (nanoseconds survive), `event.id` is stable over restarts, `tags` is a list of strings.
 */
export type Event = { [field: string]: Value };

/** Sets a field whose name came from data, so that `__proto__` becomes a plain field instead of a prototype. */
export function setField(event: Event, name: string, value: Value): void {
  if (name === "__proto__") {
    Object.defineProperty(event, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    event[name] = value;
  }
}

/** Adds a tag once. A `tags` field that is not a list is turned into one. */
export function addTag(event: Event, tag: string): void {
  const tags = event["tags"];
  if (tags === undefined || tags === null) event["tags"] = [tag];
  else if (!Array.isArray(tags)) event["tags"] = [tags as Value, tag];
  else if (!tags.includes(tag)) event["tags"] = [...tags, tag];
}
