// What Graylog makes of a GELF message, after GelfCodec and Message of graylog2-server, and what its index then says.

/** Longest term that Lucene takes, in UTF-8 bytes. */
const MAX_TERM = 32_766;
const RESERVED = new Set(["_id", "_ttl", "_source", "_all", "_index", "_type", "_score"]);
/** Fields of analyzed text, which have no limit for a term. */
const ANALYZED = new Set(["message", "full_message"]);

export type GraylogVerdict =
  | {
      readonly accepted: true;
      /** The message as Graylog stores it: `message`, `source`, `timestamp` in seconds and the other fields. */
      readonly fields: Readonly<Record<string, string | number>>;
      /** What it left out or changed without telling anyone, as `key: why`. */
      readonly silent: readonly string[];
    }
  | { readonly accepted: false; readonly reason: string };

/** A GELF input with the index behind it. Remembers the type of each field as the index does. */
export class GraylogCodec {
  readonly #numeric = new Map<string, boolean>();

  /** Decodes one frame without its delimiter. */
  decode(frame: Uint8Array): GraylogVerdict {
    const parsed = parse(frame);
    if (parsed === null) return { accepted: false, reason: "invalid JSON" };
    const reason = refusal(parsed);
    if (reason !== null) return { accepted: false, reason };
    const fields: Record<string, string | number> = {};
    const silent: string[] = [];
    const set = (key: string, value: string | number): void => setField(fields, silent, key, value);
    set("message", parsed["short_message"] as string);
    set("source", parsed["host"] as string);
    set("timestamp", timestamp(parsed["timestamp"], silent));
    if (typeof parsed["full_message"] === "string") set("full_message", parsed["full_message"]);
    if (Number.isInteger(parsed["level"]) && (parsed["level"] as number) > -1) set("level", parsed["level"] as number);
    for (const [name, value] of Object.entries(parsed)) addAdditional(fields, silent, name, value, set);
    const misfit = this.#index(fields);
    return misfit === null ? { accepted: true, fields, silent } : { accepted: false, reason: misfit };
  }

  /** The index refuses immense terms and text in fields that began as numbers. */
  #index(fields: Readonly<Record<string, string | number>>): string | null {
    for (const [key, value] of Object.entries(fields)) {
      const isNumber = typeof value === "number";
      if (!isNumber && !ANALYZED.has(key) && Buffer.byteLength(value) > MAX_TERM) return `immense term in ${key}`;
      const wasNumber = this.#numeric.get(key) ?? isNumber;
      this.#numeric.set(key, wasNumber);
      if (wasNumber && !isNumber && !/^-?\d+(\.\d+)?$/.test(value)) return `failed to parse field ${key} as a number`;
    }
    return null;
  }
}

function parse(frame: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(frame));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function refusal(message: Record<string, unknown>): string | null {
  for (const name of ["host", "short_message"]) {
    const value = message[name];
    if (value === undefined) return `missing mandatory "${name}" field`;
    if (typeof value !== "string") return `invalid "${name}"`;
    if (isBlank(value)) return `empty mandatory "${name}" field`;
  }
  return null;
}

/** Blank for commons-lang's StringUtils, or after Java's trim. */
function isBlank(text: string): boolean {
  return /^[\s\u0000-\u0020]*$/.test(text);
}

function timestamp(value: unknown, silent: string[]): number {
  const seconds = typeof value === "number" ? value : Number.parseFloat(String(value));
  if (seconds > 0) return Math.round(seconds * 1000) / 1000;
  if (value !== undefined) silent.push("timestamp: replaced by the time of reception");
  return 0.001;
}

function addAdditional(
  fields: Record<string, string | number>,
  silent: string[],
  name: string,
  value: unknown,
  set: (key: string, value: string | number) => void,
): void {
  if (["version", "host", "short_message", "full_message", "timestamp", "level"].includes(name)) return;
  const key = name.startsWith("_") && name.length > 1 ? name.slice(1) : name;
  if (key === "short_message" || key === "host" || Object.hasOwn(fields, key) || RESERVED.has(key)) {
    silent.push(`${key}: already set or reserved`);
  } else if (typeof value === "string" || typeof value === "number") {
    set(key, value);
  } else if (typeof value === "object" && value !== null) {
    set(key, JSON.stringify(value));
    silent.push(`${key}: stored as JSON text`);
  } else {
    silent.push(`${key}: ${value === null ? "null" : "unknown type"}`);
  }
}

function setField(
  fields: Record<string, string | number>,
  silent: string[],
  key: string,
  value: string | number,
): void {
  if (!/^[\w.\-@]*$/.test(key)) {
    silent.push(`${key}: invalid name`);
  } else if (typeof value === "number") {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) silent.push(`${key}: rounded`);
    Object.defineProperty(fields, key, { value, enumerable: true, configurable: true });
  } else {
    const trimmed = value.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$/g, "");
    if (trimmed === "") silent.push(`${key}: blank`);
    else Object.defineProperty(fields, key, { value: trimmed, enumerable: true, configurable: true });
  }
}
