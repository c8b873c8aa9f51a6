import type { JsonTemplate, ParsePlan, PlanPattern, ShapeField, StreamInfo } from "@sluice/core";
import { isNullable, type Node } from "./regex/ast.ts";
import { Unplannable } from "./regex/cursor.ts";
import type { ParsedPattern } from "./regex/parse.ts";

/** Asks the sink's encoder for the frame of events of a shape. */
export type TemplateFor = (shape: readonly ShapeField[]) => JsonTemplate | null;

type From = ShapeField["from"];

/** Where the value of a frame piece comes from. */
export type Source =
  | Exclude<From, { kind: "constant" | "event-id" | "capture" }>
  | CaptureSource
  | { kind: "position-hex" };

interface CaptureSource {
  readonly kind: "capture";
  readonly type: "string" | "int" | "float";
  readonly group: number;
}

/** A part of a frame: constant text, or a value. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly source: Source; readonly as: "json" | "number" | "epoch" }
  /** Left out when the capture takes no part. */
  | { readonly kind: "optional"; readonly group: number; readonly parts: readonly Part[] };

/** The frame of one pattern's events, for one stream. */
export interface FramePlan {
  readonly parts: readonly Part[];
  readonly maxRecordBytes: number;
}

/** Tells of each group whether a match may go by without it, or with nothing in it. */
function optionalGroups(parsed: ParsedPattern): ReadonlySet<number> {
  const always = new Set<number>();
  const walk = (node: Node): void => {
    if (node.kind === "seq") node.items.forEach(walk);
    else if (node.kind === "atomic" || (node.kind === "repeat" && node.min > 0)) walk(node.body);
    else if (node.kind === "group") {
      if (!isNullable(node.body)) always.add(node.index);
      walk(node.body);
    }
  };
  walk(parsed.node);
  return new Set(Array.from({ length: parsed.groups }, (_, i) => i + 1).filter((group) => !always.has(group)));
}

/** The keys of a pattern's events in the order in which the plain path sets them. */
function shapeOf(
  pattern: PlanPattern,
  optional: ReadonlySet<number>,
  stream: StreamInfo,
  stamp: boolean,
): ShapeField[] {
  const field = (name: string, from: From, isOptional = false): ShapeField => ({
    field: name,
    from,
    optional: isOptional,
  });
  const constants = [
    ...Object.entries(stream.fields).map(([name, value]) => field(name, { kind: "constant", value })),
    ...(stream.positionField === undefined ? [] : [field(stream.positionField, { kind: "position" })]),
  ];
  const time = field("@timestamp", { kind: "timestamp" });
  return [
    ...(stamp ? [time] : []),
    field("message", { kind: "message" }),
    ...(stamp ? [field("event.id", { kind: "event-id" })] : []),
    ...constants,
    ...(!stamp && pattern.timestampGroup !== undefined ? [time] : []),
    ...pattern.captures.map(({ field: name, type, group }) =>
      field(name, { kind: "capture", type }, optional.has(group)),
    ),
    ...pattern.constants.map(([name, value]) => field(name, { kind: "constant", value })),
  ];
}

function checkNames(shape: readonly ShapeField[]): void {
  const seen = new Set<string>();
  for (const { field } of shape) {
    // A later value would take the earlier one's place, or join it in a list; numbers would come first.
    if (seen.has(field)) throw new Unplannable(`field ${field} is set twice`);
    if (field === "__proto__" || /^\d+$/.test(field))
      throw new Unplannable(`field ${field} has a name of its own kind`);
    seen.add(field);
  }
}

const NO_FRAME: FramePlan = { parts: [], maxRecordBytes: Infinity };

/** The frames of the events of one pattern. Throws {@link Unplannable}. */
export function framePlan(
  plan: ParsePlan,
  index: number,
  parsed: ParsedPattern,
  stream: StreamInfo,
  stamp: boolean,
  templateFor: TemplateFor,
): FramePlan {
  const pattern = plan.patterns[index] as PlanPattern;
  if (pattern.plain) return NO_FRAME;
  const optional = optionalGroups(parsed);
  const shape = shapeOf(pattern, optional, stream, stamp);
  checkNames(shape);
  const template = templateFor(shape);
  if (template === null) throw new Unplannable("the encoder has no template for these events");
  const parts = template.pieces.flatMap((piece) =>
    "literal" in piece ? [text(piece.literal)] : fieldParts(piece, shape, pattern, optional, stream),
  );
  checkNumbers(pattern, template);
  return { parts: joinText(parts), maxRecordBytes: template.maxRecordBytes };
}

type FieldPiece = Exclude<JsonTemplate["pieces"][number], { literal: string }>;

function fieldParts(
  piece: FieldPiece,
  shape: readonly ShapeField[],
  pattern: PlanPattern,
  optional: ReadonlySet<number>,
  stream: StreamInfo,
): Part[] {
  const from = shape.find(({ field }) => field === piece.field)?.from;
  const group = pattern.captures.find(({ field }) => field === piece.field)?.group;
  if (from === undefined || from.kind === "constant") throw new Unplannable(`no value for field ${piece.field}`);
  if (from.kind === "event-id") {
    return [text(`${piece.before}${stream.id}-`), value({ kind: "position-hex" }, piece), text(piece.after)];
  }
  if (from.kind !== "capture") return [text(piece.before), value(from, piece), text(piece.after)];
  if (group === undefined) throw new Unplannable(`no capture for field ${piece.field}`);
  const parts = [text(piece.before), value({ ...from, group }, piece), text(piece.after)];
  return optional.has(group) ? [{ kind: "optional", group, parts: joinText(parts) }] : parts;
}

function value(source: Source, { as, field }: FieldPiece): Part {
  const isText = source.kind === "message" || source.kind === "position-hex";
  const isNumber = source.kind === "position" || (source.kind === "capture" && source.type !== "string");
  if (
    (as === "epoch") !== (source.kind === "timestamp" && as === "epoch") ||
    (as === "number" && (isText || !isNumber))
  ) {
    throw new Unplannable(`field ${field} is no ${as}`);
  }
  return { kind: "value", source, as };
}

/** Numbers are checked where they are written, so one that is left out would go unchecked. */
function checkNumbers(pattern: PlanPattern, template: JsonTemplate): void {
  const written = new Set(template.pieces.map((piece) => ("field" in piece ? piece.field : "")));
  const missing = pattern.captures.find(({ type, field }) => type !== "string" && !written.has(field));
  if (missing !== undefined) throw new Unplannable(`field ${missing.field} is not written`);
}

function text(content: string): Part {
  return { kind: "text", text: content };
}

/** Joins neighbouring texts and drops empty ones. */
function joinText(parts: readonly Part[]): Part[] {
  const out: Part[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.kind !== "text") out.push(part);
    else if (last?.kind === "text") out[out.length - 1] = text(last.text + part.text);
    else if (part.text !== "") out.push(part);
  }
  return out;
}
