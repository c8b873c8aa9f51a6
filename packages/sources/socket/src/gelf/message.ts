import { addTag, type Event, formatInstant, setField, type Value } from "@sluice/core";

/** Tag of a message that is no JSON object: its bytes are the text. */
export const PARSE_FAILURE = "_parse_failure";
/** Tag of a message without a text, which GELF demands. */
export const INVALID = "_gelf_invalid";

/** Names of RFC 5424's severities, as the parser `syslog` gives them. */
const SEVERITIES = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];

/**
 * Additional fields that the Elastic Common Schema has a place for, and that the sink `gelf` writes under their old name
 * again: `container.name` leaves as `_container_name`.
 */
const MOVED: Readonly<Record<string, string>> = {
  container_id: "container.id",
  container_name: "container.name",
  event_id: "event.id",
};
/** Those whose old name would be lost by that: the event has them twice. */
const COPIED: Readonly<Record<string, string>> = {
  image_name: "container.image.name",
};
/** Members that are not additional fields. */
const OWN: ReadonlySet<string> = new Set(["version", "host", "short_message", "full_message", "timestamp", "level"]);
/** Fields with which sluice keeps its books: a sender must not set them. */
const RESERVED: ReadonlySet<string> = new Set(["message", "@timestamp", "event.id"]);
const MAX_ID = 200;

/** What a GELF message says: the event's text, and its fields. */
export interface GelfEvent {
  readonly text: string;
  readonly fields: Event;
}

/** Reads the members of a GELF 1.0 or 1.1 message; null when it has no text. */
export function readGelf(message: Readonly<Record<string, unknown>>): GelfEvent | null {
  const text = textOf(message);
  if (text === null) return null;
  const fields: Event = {};
  const time = timeOf(message["timestamp"]);
  if (time !== null) fields["@timestamp"] = time;
  const { host } = message;
  if (typeof host === "string" && host.trim() !== "") fields["host.name"] = host;
  setLevel(fields, message["level"]);
  for (const name of Object.keys(message)) {
    if (!OWN.has(name)) setAdditional(fields, name, message[name] as Value);
  }
  return { text, fields };
}

/** The full message where it holds the short one, as it should; else both. */
function textOf({ short_message, full_message }: Readonly<Record<string, unknown>>): string | null {
  const short = plainText(short_message);
  const full = plainText(full_message);
  if (full === null) return short;
  return short === null || full.includes(short.trim()) ? full : `${short}\n${full}`;
}

function plainText(value: unknown): string | null {
  const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  return typeof text === "string" && text.trim() !== "" ? text : null;
}

/** Seconds since the epoch, with up to six decimals, also as text. */
function timeOf(value: unknown): string | null {
  const seconds = typeof value === "string" ? Number(value.trim() || Number.NaN) : value;
  if (typeof seconds !== "number" || !(seconds > 0)) return null;
  const micros = Math.round(seconds * 1e6);
  return formatInstant(Math.floor(micros / 1000), (micros % 1000) * 1000) || null;
}

function setLevel(fields: Event, value: unknown): void {
  const level = typeof value === "string" && /^[0-7]$/.test(value) ? Number(value) : value;
  const name = typeof level === "number" ? SEVERITIES[level] : undefined;
  if (name === undefined) {
    if (value !== undefined && value !== null) setField(fields, "level", value as Value);
    return;
  }
  fields["log.syslog.severity.code"] = level as number;
  fields["log.syslog.severity.name"] = name;
  fields["log.level"] = name;
}

function setAdditional(fields: Event, member: string, value: Value): void {
  if (value === null) return;
  const name = member.replace(/^_/, "");
  if (name === "") return;
  const moved = Object.hasOwn(MOVED, name) ? MOVED[name] : undefined;
  if (moved === "event.id") return setId(fields, value);
  if (name === "tags") return setTags(fields, value);
  const copied = Object.hasOwn(COPIED, name) ? COPIED[name] : undefined;
  if (copied !== undefined && fields[copied] === undefined) fields[copied] = value;
  setField(fields, moved ?? (RESERVED.has(name) ? `field_${name}` : name), value);
}

/** Another sluice's own id, under which a message that it sends again can be known. */
function setId(fields: Event, value: Value): void {
  const isId = typeof value === "string" && value.length <= MAX_ID && /^[!-~]+$/.test(value);
  setField(fields, isId ? "event.id" : "field_event_id", value);
}

function setTags(fields: Event, value: Value): void {
  const tags = Array.isArray(value) ? (value as readonly Value[]) : [value];
  for (const tag of tags) addTag(fields, typeof tag === "string" ? tag : JSON.stringify(tag));
}
