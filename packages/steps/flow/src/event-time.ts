import { type Event, parseRfc3339 } from "@sluice/core";

/** Milliseconds since the epoch of an event's own time; `now` when it has none. */
export function eventTime(event: Event, now: number): number {
  const time = event["@timestamp"];
  return (typeof time === "string" ? parseRfc3339(time)?.ms : undefined) ?? now;
}
