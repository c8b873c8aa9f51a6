import {
  type ByteWriter,
  count,
  type Encoder,
  type Event,
  type ShapeField,
  type Tally,
  type Value,
} from "@sluice/core";
import { escapeJson } from "./json.ts";
import { DEFAULT_LEVEL, levelOf } from "./level.ts";
import { isBlank, MAX_FRAME, SAFE_LENGTH } from "./limits.ts";
import { type Key, KeyTable } from "./names.ts";
import { ARCHIVED_BY, encodePlain, hostOf, isSentAsHost } from "./plain-encoder.ts";
import { gelfTemplate } from "./template.ts";
import { EARLIEST, epochSeconds } from "./timestamp.ts";

/** Turns events into GELF frames. Keeps what it learned about field names, nothing of single events. */
export class GelfEncoder implements Encoder {
  readonly #hostname: string;
  readonly #delimiter: "\0" | "\n" | "";
  /** The start of the frames of events without a host of their own. */
  readonly #start: string;
  readonly #keys = new KeyTable();
  /** Null values in the event that `#fast` was given last. */
  #nulls = 0;

  /** @param delimiter `"\0"` for streams, a line end in files, nothing where a frame has its own packet or request. */
  constructor(hostname: string, delimiter: "\0" | "\n" | "") {
    this.#hostname = isBlank(hostname) ? "localhost" : hostname;
    this.#delimiter = delimiter;
    this.#start = startOf(this.#hostname);
  }

  encode(event: Event, out: ByteWriter, tally: Tally): void {
    const start = out.length;
    const frame = this.#fast(event);
    if (frame !== null) {
      out.text(frame);
      if (out.length - start <= MAX_FRAME) {
        if (this.#nulls > 0) count(tally.adjusted, "null_left_out", this.#nulls);
        return;
      }
      out.length = start;
    }
    encodePlain(event, this.#hostname, this.#keys, tally, out);
    out.text(this.#delimiter);
  }

  template(shape: readonly ShapeField[]): ReturnType<typeof gelfTemplate> {
    for (const { field, from } of shape) {
      const isNumber = from.kind === "position" || (from.kind === "capture" && from.type !== "string");
      if (isNumber) this.#keys.key(field).type.numeric = true;
    }
    return gelfTemplate(shape, this.#hostname, this.#delimiter);
  }

  /** The frame of an event that needs no more than null values left out; null for all others. */
  #fast(event: Event): string | null {
    let fields = "";
    let message: Value | undefined;
    let time: Value | undefined;
    let decides = false;
    this.#nulls = 0;
    for (const field in event) {
      const value = event[field] as Value;
      if (field === "message") message = value;
      else if (field === "@timestamp") time = value;
      else if (value === null) this.#nulls++;
      else if (field === ARCHIVED_BY && isSentAsHost(event)) decides = true;
      else {
        const key = this.#keys.key(field);
        const piece = fieldPiece(key, value);
        if (piece === null) return null;
        decides ||= key.decides;
        fields += piece;
      }
    }
    if (typeof message !== "string" || typeof time !== "string" || !isShort(message)) return null;
    const seconds = epochSeconds(time);
    if (seconds === null || seconds === EARLIEST) return null;
    const head = decides ? startOf(hostOf(event, this.#hostname)) : this.#start;
    const level = decides ? levelOf(event) : DEFAULT_LEVEL;
    return `${head}${escapeJson(message)}","timestamp":${seconds},"level":${level}${fields}}${this.#delimiter}`;
  }
}

function startOf(host: string): string {
  return `{"version":"1.1","host":"${escapeJson(host)}","short_message":"`;
}

/** One line, not blank, and short enough to be within the limit for strings. */
function isShort(message: string): boolean {
  return message.length <= SAFE_LENGTH && !message.includes("\n") && !isBlank(message);
}

/** An additional field, or null when it needs the plain encoder. */
function fieldPiece(key: Key, value: Value): string | null {
  if (key.contested || key.renamed) return null;
  return typeof value === "number" ? numberPiece(key, value) : textPiece(key, value);
}

function numberPiece(key: Key, value: number): string | null {
  if (!(value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER)) return null;
  key.type.numeric = true;
  return key.bare + value;
}

function textPiece(key: Key, value: unknown): string | null {
  if (key.type.numeric) return null;
  if (typeof value === "string") return value.length <= SAFE_LENGTH ? `${key.quoted}${escapeJson(value)}"` : null;
  if (typeof value === "boolean") return key.quoted + (value ? 'true"' : 'false"');
  return Array.isArray(value) ? listPiece(key, value) : null;
}

/** A list of texts, such as `tags`. */
function listPiece(key: Key, list: readonly unknown[]): string | null {
  if (list.length === 0 || !list.every((item) => typeof item === "string")) return null;
  const text = list.join(", ");
  return text.length <= SAFE_LENGTH ? `${key.quoted}${escapeJson(text)}"` : null;
}
