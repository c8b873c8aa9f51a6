import { count, type JsonTemplate, newTally, type ShapeField, type TemplatePiece, type Value } from "@sluice/core";
import { fieldsJson } from "./fit-frame.ts";
import { escapeJson } from "./json.ts";
import { LEVEL_FIELDS, levelOf } from "./level.ts";
import { isBlank } from "./limits.ts";
import { type Key, KeyTable } from "./names.ts";
import { ARCHIVED_BY, additionalFields } from "./plain-encoder.ts";

/** Records up to this size cannot reach a limit of fields or, with at most `MAX_FIELDS` of them, of frames. */
const MAX_RECORD_BYTES = 8192;
const MAX_FIELDS = 100;

/**
 * The frame that the encoder writes for events of `shape`, as a template. Null where a frame depends on more than which
 * fields there are: a host or severity out of the line, a field that must be renamed, counted or looked at.
 */
export function gelfTemplate(
  shape: readonly ShapeField[],
  hostname: string,
  delimiter: "\0" | "\n" | "",
): JsonTemplate | null {
  const fixed = fixedParts(shape, hostname);
  if (fixed === null || shape.length > MAX_FIELDS) return null;
  const keys = new KeyTable();
  const pieces: TemplatePiece[] = [
    { literal: `{"version":"1.1","host":"${escapeJson(fixed.host)}","short_message":"` },
    { field: "message", as: "json", before: "", after: "" },
    { literal: `","timestamp":` },
    { field: "@timestamp", as: "epoch", before: "", after: "" },
    { literal: `,"level":${fixed.level}` },
  ];
  for (const field of shape) {
    if (field.field === "message" || field.field === "@timestamp") continue;
    const piece = additional(field, keys.key(field.field));
    if (piece === null) return null;
    pieces.push(piece);
  }
  if (shape.some(({ field }) => keys.key(field).contested)) return null;
  return { pieces: [...pieces, { literal: `}${delimiter}` }], maxRecordBytes: MAX_RECORD_BYTES };
}

/** Host and level, where the shape alone decides about them. */
function fixedParts(shape: readonly ShapeField[], hostname: string): { host: string; level: number } | null {
  const by = new Map(shape.map((field) => [field.field, field]));
  const message = by.get("message");
  const time = by.get("@timestamp");
  if (message?.from.kind !== "message" || message.optional) return null;
  if (time?.from.kind !== "timestamp" || time.optional) return null;
  if (by.has(ARCHIVED_BY)) return null;
  const deciding: Record<string, Value> = {};
  for (const name of ["host.name", ...LEVEL_FIELDS]) {
    const field = by.get(name);
    if (field === undefined) continue;
    if (field.optional || field.from.kind !== "constant") return null;
    deciding[name] = field.from.value as Value;
  }
  const host = deciding["host.name"];
  return { host: typeof host === "string" && !isBlank(host) ? host : hostname, level: levelOf(deciding) };
}

function additional(field: ShapeField, key: Key): TemplatePiece | null {
  if (key.renamed) return null;
  const { from } = field;
  if (from.kind === "constant") return field.optional ? null : constant(field.field, from.value as Value);
  const isNumber = from.kind === "position" || (from.kind === "capture" && from.type !== "string");
  if (from.kind === "message" || from.kind === "timestamp") return null;
  if (isNumber) return { field: field.field, as: "number", before: key.bare, after: "" };
  if (key.type.numeric) return null;
  return { field: field.field, as: "json", before: key.quoted, after: '"' };
}

/** What the plain encoder makes of a constant, unless it has to change something, which it would count each time. */
function constant(field: string, value: Value): TemplatePiece | null {
  if (typeof value === "object" && !Array.isArray(value)) return null;
  const { adjusted } = newTally();
  const fields = additionalFields({ [field]: value }, new KeyTable(), (reason) => count(adjusted, reason));
  return Object.keys(adjusted).length > 0 ? null : { literal: fieldsJson(fields) };
}
