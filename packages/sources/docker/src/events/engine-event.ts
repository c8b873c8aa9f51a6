import { hash } from "node:crypto";
import {
  type DockerEvent,
  dockerEventFields,
  dockerEventText,
  type Event,
  type JsonObject,
  type Value,
} from "@sluice/core";
import type { JsonLine } from "../engine/json-lines.ts";
import { isTime, type Moment, momentOf, momentOfNanos, momentText, sinceText } from "../time.ts";

/** An event with its time, and a key that tells it from all others. */
export interface TimedEvent extends DockerEvent {
  readonly moment: Moment;
  readonly key: string;
  /** Not told by the engine, but concluded from what its containers are now. */
  readonly concluded?: boolean;
}

const NO_TIME: Moment = { sec: 0, nanos: 0 };

/** Reads what `/events` sends; null when it is no event. Never throws. */
export function readEngineEvent({ value, text }: JsonLine): TimedEvent | null {
  const { Type: type, Action: action, Actor: actor, scope, time } = value;
  if (typeof type !== "string" || typeof action !== "string") return null;
  const { ID: id, Attributes: attributes } = objectOf(actor);
  const event = {
    type,
    action,
    id: typeof id === "string" ? id : "",
    attributes: textsOf(attributes),
    scope: typeof scope === "string" ? scope : undefined,
  };
  return timed(event, timeOf(time, text));
}

function timeOf(seconds: Value | undefined, line: string): Moment {
  // Beyond 2^53: only the text has all its digits. Quotes within strings are escaped, so this is no part of one.
  const nanos = /"timeNano":(\d+)/.exec(line)?.[1];
  const whole = typeof seconds === "number" ? momentOf(seconds * 1000) : NO_TIME;
  const moment = nanos === undefined ? whole : momentOfNanos(nanos);
  return isTime(moment) ? moment : NO_TIME;
}

/** The event with its time and key. */
export function timed(event: DockerEvent, moment: Moment, concluded = false): TimedEvent {
  const content = JSON.stringify([event.type, event.action, event.id, event.attributes]);
  const key = `${sinceText(moment)}-${hash("sha256", content).slice(0, 12)}`;
  return { ...event, moment, key, ...(concluded && { concluded }) };
}

function objectOf(value: Value | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function textsOf(attributes: Value | undefined): Record<string, string> {
  const text = (value: Value) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(objectOf(attributes)).map(([name, value]) => [name, text(value)]));
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
