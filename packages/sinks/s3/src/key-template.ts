import { hash } from "node:crypto";
import { SluiceError } from "@sluice/core";

/** Where objects go unless told otherwise: in a form that Hive, Athena, Spark and DuckDB read as partitions. */
export const DEFAULT_KEY = "{prefix}{pipeline}/dt={date}/hour={HH}/{host}-{source}-{position}.{ext}";

/** The names that the Laboratory's shell script gave. */
export const LABORATORY_KEY = "{prefix}{source}.{date}-{HH}:{mm}:00/{source}.{date}-{HH}:{mm}:00.log.{piece}{.ext}";

/** What a key is made of besides its time. */
export interface KeyParts {
  readonly prefix: string;
  readonly pipeline: string;
  readonly host: string;
  readonly source: string;
  /** Stream and position of the first event. */
  readonly position: string;
  readonly piece: string;
  /** `ndjson.gz`, `log`. */
  readonly ext: string;
}

/** How many characters of an RFC 3339 time tell two objects apart, by the finest time field of the template. */
const TIME_FIELDS: Readonly<Record<string, readonly [from: number, to: number]>> = {
  YYYY: [0, 4],
  MM: [5, 7],
  DD: [8, 10],
  date: [0, 10],
  HH: [11, 13],
  mm: [14, 16],
};
const FIELDS = new Set(["prefix", "pipeline", "host", "source", "position", "piece", "ext", ".ext"]);
const PLACEHOLDER = /\{([^{}]*)\}/g;

/** A template of object keys. */
export interface KeyTemplate {
  /** Leading characters of an event's time that its object is chosen by: 0 when the key has no time. */
  readonly granularity: number;
  /** Whether keys are told apart by pieces aa, ab, … instead of by position. */
  readonly numbered: boolean;
  /** @param time RFC 3339 time of the object's events, as far as the granularity goes. */
  render(parts: KeyParts, time: string): string;
  /** What all keys with these parts begin with, and an expression that they match. */
  shape(parts: Partial<KeyParts>): { readonly prefix: string; readonly pattern: RegExp };
}

/** Reads a template; throws SLUICE_CONFIG for one whose keys would be wrong, or would overwrite each other. */
export function keyTemplate(text: string): KeyTemplate {
  const names = Array.from(text.matchAll(PLACEHOLDER), ([, name]) => name as string);
  const unknown = names.find((name) => !FIELDS.has(name) && !Object.hasOwn(TIME_FIELDS, name));
  if (unknown !== undefined) throw fault(`there is no {${unknown}}`, `known: ${known()}`);
  const numbered = names.includes("piece");
  if (!numbered && !names.includes("position")) {
    throw fault("needs {position} or {piece}", "otherwise objects would overwrite each other");
  }
  const literal = text.replace("{prefix}", "").replaceAll(PLACEHOLDER, "x");
  if (/^\/|\/\/|\.\./.test(literal)) throw fault("has a leading `/`, a `//` or `..`", "stores disagree on such keys");
  const granularity = Math.max(0, ...names.map((name) => TIME_FIELDS[name]?.[1] ?? 0));
  return {
    granularity,
    numbered,
    render: (parts, time) => render(text, parts, time),
    shape: (parts) => shape(text, parts),
  };
}

function shape(text: string, parts: Partial<KeyParts>): { prefix: string; pattern: RegExp } {
  // Odd pieces are placeholders.
  const pieces = text.split(PLACEHOLDER).map((piece, i) => (i % 2 === 0 ? piece : fixed(piece, parts)));
  const open = pieces.indexOf(undefined);
  const source = pieces.map((piece) => (piece === undefined ? ".*" : escaped(piece))).join("");
  return { prefix: pieces.slice(0, open < 0 ? undefined : open).join(""), pattern: new RegExp(`^${source}$`) };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function fixed(name: string, parts: Partial<KeyParts>): string | undefined {
  if (name === "prefix") return parts.prefix;
  const value = parts[name as keyof KeyParts];
  return value === undefined ? undefined : clean(value);
}

function render(text: string, parts: KeyParts, time: string): string {
  return text.replaceAll(PLACEHOLDER, (_, name: string) => {
    const range = TIME_FIELDS[name];
    if (range) return time.slice(...range);
    if (name === "prefix") return parts.prefix;
    // The extension of what is not compressed and stands behind a piece would only be noise.
    if (name === ".ext") return parts.ext.includes(".") ? `.${parts.ext.slice(parts.ext.lastIndexOf(".") + 1)}` : "";
    return clean(parts[name as keyof KeyParts]);
  });
}

/** A name as a part of a key. One that has to be changed for it stays different from all others. */
function clean(name: string): string {
  const cleaned = name.replaceAll(/[^\w.-]|\.{2,}/g, "_");
  return cleaned === name ? name : `${cleaned}-${hash("sha256", name, "hex").slice(0, 8)}`;
}

/** The n-th piece as split(1) names it: aa … yz, zaaa … zyzz, zzaaaa …: names sort in order without end. */
export function pieceName(n: number): string {
  let width = 2;
  let left = n;
  for (; left >= 25 * 26 ** (width - 1); width++) left -= 25 * 26 ** (width - 1);
  let letters = "";
  for (let i = 0; i < width; i++, left = Math.floor(left / 26)) {
    letters = String.fromCharCode(97 + (left % 26)) + letters;
  }
  return "z".repeat(width - 2) + letters;
}

function known(): string {
  return [...FIELDS, ...Object.keys(TIME_FIELDS)].map((name) => `{${name}}`).join(" ");
}

function fault(what: string, hint: string): SluiceError {
  return new SluiceError("SLUICE_CONFIG", `the key template ${what}: ${hint}`);
}
