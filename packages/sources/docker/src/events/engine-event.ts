import { hash } from "node:crypto";
import { type DockerEvent, dockerEventFields, dockerEventText, type Event } from "@sluice/core";
import type { JsonLine } from "../engine/json-lines.ts";
import { type Moment, momentOf, momentOfNanos, momentText, sinceText } from "../time.ts";

/** An event with its time, and a key that tells it from all others. */
export interface TimedEvent extends DockerEvent {
  readonly moment: Moment;
  readonly key: string;
  /** Not told by the engine, but concluded from what its containers are now. */
  readonly concluded?: boolean;
}

interface EngineEvent {
  readonly Type?: unknown;
  readonly Action?: unknown;
  readonly Actor?: { readonly ID?: unknown; readonly Attributes?: unknown };
  readonly scope?: unknown;
  readonly time?: unknown;
}

/** Reads what `/events` sends; null when it is no event. */
export function readEngineEvent({ value, text }: JsonLine): TimedEvent | null {
  const { Type: type, Action: action, Actor: actor, scope, time } = value as EngineEvent;
  if (typeof type !== "string" || typeof action !== "string") return null;
  // Beyond 2^53: only the text has all its digits. Quotes within strings are escaped, so this is no part of one.
  const nanos = /"timeNano":(\d+)/.exec(text)?.[1];
  const moment = nanos === undefined ? momentOf(typeof time === "number" ? time * 1000 : 0) : momentOfNanos(nanos);
  const event = {
    type,
    action,
    id: typeof actor?.ID === "string" ? actor.ID : "",
    attributes: textsOf(actor?.Attributes),
    scope: typeof scope === "string" ? scope : undefined,
  };
  return timed(event, moment);
}

/** The event with its time and key. */
export function timed(event: DockerEvent, moment: Moment, concluded = false): TimedEvent {
  const content = JSON.stringify([event.type, event.action, event.id, event.attributes]);
  const key = `${sinceText(moment)}-${hash("sha256", content).slice(0, 12)}`;
  return { ...event, moment, key, ...(concluded && { concluded }) };
}

function textsOf(attributes: unknown): Record<string, string> {
  if (typeof attributes !== "object" || attributes === null) return {};
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
}

/** The record of an event: its text, and its fields. */
export function recordOf(event: TimedEvent): { readonly text: string; readonly fields: Event } {
  const fields: Event = {
    "@timestamp": momentText(event.moment),
    "event.id": `docker-event-${event.key}`,
    ...dockerEventFields(event),
    ...(event.concluded && { "docker.event.concluded": true }),
  };
  return { text: dockerEventText(event), fields };
}
