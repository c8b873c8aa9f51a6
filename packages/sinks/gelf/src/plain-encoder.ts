import { type ByteWriter, count, type Event, type Tally, type Value } from "@sluice/core";
import { writeFrame } from "./fit-frame.ts";
import { cutToLimit } from "./json.ts";
import { levelOf } from "./level.ts";
import { isBlank, NO_MESSAGE } from "./limits.ts";
import type { Key, KeyTable } from "./names.ts";
import { EARLIEST, epochSeconds } from "./timestamp.ts";
import { type Flat, flatten, itemText } from "./values.ts";

/** Objects nested deeper than this are written as JSON text. */
const MAX_DEPTH = 8;

/** A GELF message before it is text. `timestamp` is kept as the digits to write. */
export interface GelfMessage {
  readonly host: string;
  readonly shortMessage: string;
  fullMessage: string | undefined;
  readonly timestamp: string | undefined;
  readonly level: number;
  /** Additional fields, `_` included, in order. */
  readonly fields: Map<string, string | number>;
}

/** The sender of an event: its own `host.name`, the sluice that archived it (`agent.name`), or this machine. */
export function hostOf(event: Event, hostname: string): string {
  const name = isSentAsHost(event) ? event[ARCHIVED_BY] : event["host.name"];
  return typeof name === "string" && !isBlank(name) ? cutToLimit(name) : hostname;
}

/** Field that archives name their machine in. */
export const ARCHIVED_BY = "agent.name";

/** Whether GELF's `host` tells what `agent.name` holds, so that it needs no field of its own. */
export function isSentAsHost(event: Event): boolean {
  const [host, agent] = [event["host.name"], event[ARCHIVED_BY]];
  return typeof agent === "string" && !isBlank(agent) && !(typeof host === "string" && !isBlank(host));
}

/**
 * Appends one event as the JSON text of a GELF 1.1 message, without a delimiter. It takes every event and changes what Graylog
 * would refuse or misread; each change is counted. The fast encoder does the same for the common cases.
 */
export function encodePlain(event: Event, hostname: string, keys: KeyTable, tally: Tally, out: ByteWriter): void {
  const adjust = (reason: string): void => count(tally.adjusted, reason);
  const fields = new Fields(keys, adjust);
  const text = messageText(event["message"]);
  const timestamp = timestampOf(event, fields, adjust);
  fields.addAll(event);
  const shortMessage = shortOf(text, adjust);
  writeFrame(
    {
      host: hostOf(event, hostname),
      shortMessage,
      fullMessage: text === shortMessage || isBlank(text) ? undefined : text,
      timestamp,
      level: levelOf(event),
      fields: fields.values,
    },
    out,
    adjust,
  );
}

/** The additional fields of an event: all but its text and its time. */
export function additionalFields(
  event: Event,
  keys: KeyTable,
  adjust: (reason: string) => void,
): ReadonlyMap<string, string | number> {
  const fields = new Fields(keys, adjust);
  fields.addAll(event);
  return fields.values;
}

function messageText(message: Value | undefined): string {
  return message === undefined || message === null ? "" : itemText(message);
}

/** The first line that is not blank; what it lacks of the message is in `full_message`. */
function shortOf(text: string, adjust: (reason: string) => void): string {
  if (isBlank(text)) {
    adjust("message_blank");
    return NO_MESSAGE;
  }
  const line = text.split("\n").find((candidate) => !isBlank(candidate)) as string;
  const short = cutToLimit(text.includes("\n") ? line.replace(/\r$/, "") : line);
  return isBlank(short) ? NO_MESSAGE : short;
}

function timestampOf(event: Event, fields: Fields, adjust: (reason: string) => void): string | undefined {
  const value = event["@timestamp"];
  const seconds = typeof value === "string" ? epochSeconds(value) : null;
  if (seconds !== null && seconds !== EARLIEST) return seconds;
  adjust(seconds === null ? "timestamp_missing" : "timestamp_out_of_range");
  if (value !== undefined && value !== null) fields.add("timestamp_str", itemText(value), 0);
  return seconds ?? undefined;
}

type Scalar = Extract<Flat, { text: string } | { number: number }>;

/** Collects additional fields, no name twice. */
class Fields {
  readonly values = new Map<string, string | number>();
  readonly #keys: KeyTable;
  readonly #adjust: (reason: string) => void;

  constructor(keys: KeyTable, adjust: (reason: string) => void) {
    this.#keys = keys;
    this.#adjust = adjust;
  }

  addAll(event: Event): void {
    for (const field in event) {
      if (field === "message" || field === "@timestamp") continue;
      if (field !== ARCHIVED_BY || !isSentAsHost(event)) this.add(field, event[field], 0);
    }
  }

  add(field: string, value: Value | undefined, depth: number): void {
    const flat = flatten(value);
    if (flat.kind === "nothing") this.#adjust(flat.reason);
    else if (flat.kind !== "object") this.#put(field, flat, typeof value === "number");
    else if (depth >= MAX_DEPTH) this.#put(field, { kind: "text", text: itemText(value as Value) }, false);
    else for (const [name, inner] of flat.entries) this.add(`${field}.${name}`, inner, depth + 1);
  }

  #put(field: string, flat: Scalar, wasNumber: boolean): void {
    const key = this.#keys.key(field);
    if (key.renamed) this.#adjust("field_renamed");
    if (flat.kind === "number") {
      key.type.numeric = true;
      const name = this.#free(key.name);
      this.#keys.key(name.slice(1)).type.numeric = true;
      this.values.set(name, flat.number);
      return;
    }
    if (wasNumber) this.#adjust("integer_as_string");
    const text = cutToLimit(flat.text);
    if (text !== flat.text) this.#adjust("field_cut");
    this.values.set(this.#free(this.#nameForText(key, flat.kind)), text);
  }

  /** Text in a field of numbers goes beside it, so that the index takes both. */
  #nameForText(key: Key, kind: "text" | "big"): string {
    if (!key.type.numeric || kind === "big") return key.name;
    this.#adjust("type_misfit");
    return `${key.name}_str`;
  }

  /** The name, or when an earlier field of the event has it, the name with a number. */
  #free(name: string): string {
    if (!this.values.has(name)) return name;
    this.#adjust("field_collision");
    let n = 2;
    while (this.values.has(`${name}_${n}`)) n++;
    return `${name}_${n}`;
  }
}
