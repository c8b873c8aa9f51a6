import type { Event, JsonTemplate, ShapeField, TemplatePiece, Value } from "@sluice/core";

/** An encoder in two forms that must agree: over events, and as a template. */
export interface TestEncoder {
  encode(event: Event): string;
  template(shape: readonly ShapeField[]): JsonTemplate | null;
}

const MAX_RECORD_BYTES = 4000;

/** NDJSON of the whole event. */
export const ndjson: TestEncoder = {
  encode: (event) => `${JSON.stringify(event)}\n`,
  template(shape) {
    const pieces: TemplatePiece[] = [];
    // The comma stands before every field but the first, which is never optional.
    shape.forEach(({ field, from }, i) =>
      pieces.push(jsonPiece(field, from, `${i === 0 ? "{" : ","}${JSON.stringify(field)}:`)),
    );
    return { pieces: [...pieces, { literal: "}\n" }], maxRecordBytes: MAX_RECORD_BYTES };
  },
};

function jsonPiece(field: string, from: ShapeField["from"], before: string): TemplatePiece {
  if (from.kind === "constant") return { literal: before + JSON.stringify(from.value) };
  const isNumber = from.kind === "position" || (from.kind === "capture" && from.type !== "string");
  if (isNumber) return { field, as: "number", before, after: "" };
  return { field, as: "json", before: `${before}"`, after: '"' };
}

const HEAD = '{"version":"1.1","host":"web-1","short_message":';

/** Something like GELF: time as seconds, names with underscores, numbers as they are. */
export const gelf: TestEncoder = {
  encode({ "@timestamp": time, message, ...rest }) {
    const fields = Object.entries(rest).map(([name, value]) => `,"_${name.replaceAll(".", "_")}":${plain(value)}`);
    const seconds = (Date.parse(time as string) / 1000).toFixed(3);
    return `${HEAD}${JSON.stringify(message)},"timestamp":${seconds}${fields.join("")}}\0`;
  },
  template(shape) {
    const rest = shape.filter(({ field }) => field !== "@timestamp" && field !== "message");
    const fields = rest.map(({ field, from }) => {
      const before = `,"_${field.replaceAll(".", "_")}":`;
      return from.kind === "constant"
        ? { literal: before + plain(from.value as Value) }
        : jsonPiece(field, from, before);
    });
    const head: TemplatePiece[] = [
      { field: "message", as: "json", before: `${HEAD}"`, after: '"' },
      { field: "@timestamp", as: "epoch", before: ',"timestamp":', after: "" },
    ];
    return { pieces: [...head, ...fields, { literal: "}\0" }], maxRecordBytes: MAX_RECORD_BYTES };
  },
};

function plain(value: Value): string {
  return typeof value === "number"
    ? String(value)
    : JSON.stringify(typeof value === "string" ? value : JSON.stringify(value));
}
