import { z } from "zod";
import type { ByteWriter } from "./byte-writer.ts";
import type { Event, Value } from "./event.ts";
import type { JsonTemplate, ShapeField, TemplatePiece } from "./kernel-plan.ts";
import type { Encoder } from "./sink.ts";

const NEWLINE = 0x0a;
/** There is no limit on lines; longer records are rare and go the plain way. */
const MAX_RECORD_BYTES = 64 * 1024;

/** Option `format` of sinks that write lines. */
export const lineFormat = z
  .enum(["ndjson", "raw"])
  .default("ndjson")
  .describe("`ndjson`: one JSON object a line, with the event's dotted names; `raw`: the message only.");

export type LineFormat = z.output<typeof lineFormat>;

/**
 * Writes events as lines.
 * @param sender this machine's name, for archives: an NDJSON event that names no host gets it as `agent.name`, so that
 * whoever reads it back, on any machine, knows where it is from
 */
export function lineEncoder(format: LineFormat, sender?: string): Encoder {
  if (format === "raw") return { encode: encodeRaw };
  const end = sender === undefined ? "}\n" : `,"agent.name":${JSON.stringify(sender)}}\n`;
  return {
    encode: (event, out) => encodeNdjson(event, out, end),
    template: (shape) => ndjsonTemplate(shape, end),
  };
}

/** Fields that say where an event is from. */
const ORIGINS = ["host.name", "agent.name"];

function encodeRaw(event: Event, out: ByteWriter): void {
  const message = event["message"];
  out.text(typeof message === "string" ? message : json(message ?? ""));
  out.byte(NEWLINE);
}

function encodeNdjson(event: Event, out: ByteWriter, end: string): void {
  const text = json(event);
  const isWhole = text === "{}" || ORIGINS.some((field) => Object.hasOwn(event, field));
  out.text(isWhole ? `${text}\n` : text.slice(0, -1) + end);
}

/** JSON of a value, also of one nested deeper than the engine can go. */
function json(value: Value): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '{"message":"(nested too deep)"}';
  }
}

/** The same line for events of a known shape. Null when the first field, or one of the origin, may be absent. */
function ndjsonTemplate(shape: readonly ShapeField[], end: string): JsonTemplate | null {
  if (shape.length === 0 || shape[0]?.optional) return null;
  const origins = shape.filter(({ field }) => ORIGINS.includes(field));
  if (origins.some(({ optional }) => optional)) return null;
  const pieces: TemplatePiece[] = [];
  for (const [index, field] of shape.entries()) {
    const piece = member(field, index === 0 ? "{" : ",");
    if (piece === null) return null;
    pieces.push(piece);
  }
  return { pieces: [...pieces, { literal: origins.length > 0 ? "}\n" : end }], maxRecordBytes: MAX_RECORD_BYTES };
}

function member({ field, from, optional }: ShapeField, start: string): TemplatePiece | null {
  const before = `${start}${JSON.stringify(field)}:`;
  if (from.kind === "constant") return optional ? null : { literal: before + JSON.stringify(from.value) };
  const isNumber = from.kind === "position" || (from.kind === "capture" && from.type !== "string");
  return isNumber
    ? { field, as: "number", before, after: "" }
    : { field, as: "json", before: `${before}"`, after: '"' };
}
