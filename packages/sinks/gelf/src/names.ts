import { LEVEL_FIELDS } from "./level.ts";
import { NUMERIC_NAMES } from "./numeric-fields.ts";

/**
 * Names (without `_`) under which Graylog already keeps something: its codec skips or overwrites an additional field of
 * that name (GelfCodec, Message in graylog2-server), and GELF 1.1 forbids `_id`.
 */
const TAKEN = new Set([
  "id",
  "source",
  "message",
  "timestamp",
  "level",
  "host",
  "short_message",
  "full_message",
  "streams",
]);

const DECIDING: ReadonlySet<string> = new Set(["host.name", ...LEVEL_FIELDS]);

/** Longest name of an additional field, in characters; longer ones are cut. */
const MAX_NAME = 256;

/** Names kept in the cache; beyond that (field names out of hostile data) it starts anew. */
const MAX_KEYS = 4096;

/** How an event field is written. Shared by all events with that field. */
export interface Key {
  /** Name of the additional field, `_` included. */
  readonly name: string;
  /** `,"_name":` */
  readonly bare: string;
  /** `,"_name":"` */
  readonly quoted: string;
  /** True when the name is not just the field's with dots as underscores. */
  readonly renamed: boolean;
  /** What is known of the values under `name`; shared by all fields with that name. */
  readonly type: { numeric: boolean };
  /** True for fields that decide about `host` or `level`. */
  readonly decides: boolean;
  /** True when another field maps to the same name: events with it need the encoder that looks for collisions. */
  contested: boolean;
}

/** The additional field's name, without `_`: dots and all that GELF does not allow become `_`. */
function cleanName(field: string): string {
  return field
    .replaceAll(/[^\w-]/g, "_")
    .replace(/^_+/, "")
    .slice(0, MAX_NAME);
}

/** True for names that Graylog uses itself. */
function isTaken(name: string): boolean {
  return name === "" || TAKEN.has(name) || name.startsWith("gl2_");
}

/** Maps event fields to additional fields of GELF and remembers what it found out about them. */
export class KeyTable {
  readonly #keys = new Map<string, Key>();
  readonly #byName = new Map<string, { first: Key; type: { numeric: boolean } }>();

  key(field: string): Key {
    return this.#keys.get(field) ?? this.#learn(field);
  }

  #learn(field: string): Key {
    if (this.#keys.size >= MAX_KEYS) {
      this.#keys.clear();
      this.#byName.clear();
    }
    const clean = cleanName(field);
    const name = `_${isTaken(clean) ? `field_${clean}`.slice(0, MAX_NAME) : clean}`;
    const known = this.#byName.get(name);
    const key: Key = {
      name,
      bare: `,"${name}":`,
      quoted: `,"${name}":"`,
      renamed: name !== `_${field.replaceAll(".", "_")}`,
      type: known?.type ?? { numeric: NUMERIC_NAMES.has(name) },
      decides: DECIDING.has(field),
      contested: known !== undefined,
    };
    if (known) known.first.contested = true;
    else this.#byName.set(name, { first: key, type: key.type });
    this.#keys.set(field, key);
    return key;
  }
}
