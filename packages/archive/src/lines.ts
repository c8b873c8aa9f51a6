import type { Piece } from "./split.ts";

/** Where the lines of a piece are. `[start, end)` without the line end; parallel lists. */
export interface Lines {
  readonly starts: number[];
  readonly ends: number[];
  /** Lines that were too long and were cut at `end`. */
  readonly cut: Set<number>;
  consumed: number;
  skipping: boolean;
  skipped: number;
}

/** What the lines of an encoding look like in bytes. */
export interface LineForm {
  /** Index of the next line end at or after `from`, or -1. */
  find(bytes: Uint8Array, from: number): number;
  /** Bytes of a line end, and of a carriage return. */
  readonly width: number;
  isReturn(bytes: Uint8Array, at: number): boolean;
  /** The last place at or before `at` that is not inside a character. */
  boundary(bytes: Uint8Array, at: number): number;
}

/** Finds the lines of a piece one by one: for pieces with cut lines, other encodings and multiline events. */
export function scanLines(piece: Piece, form: LineForm, maxLine: number): Lines {
  const { bytes } = piece;
  const lines: Lines = { starts: [], ends: [], cut: new Set(), consumed: 0, skipping: false, skipped: 0 };
  if (piece.skipping && !skipRest(bytes, form, lines)) return lines;
  for (;;) {
    const start = lines.consumed;
    const newline = form.find(bytes, start);
    if (newline < 0) return lastLine(piece, form, maxLine, lines);
    addLine(bytes, start, newline, form, maxLine, lines);
    lines.consumed = newline + form.width;
  }
}

/** Goes to the end of a line that was cut; false when the piece ends before it. */
function skipRest(bytes: Uint8Array, form: LineForm, lines: Lines): boolean {
  const newline = form.find(bytes, 0);
  lines.skipped = newline < 0 ? bytes.length : newline;
  lines.consumed = newline < 0 ? bytes.length : newline + form.width;
  lines.skipping = newline < 0;
  return newline >= 0;
}

function lastLine(piece: Piece, form: LineForm, maxLine: number, lines: Lines): Lines {
  const { bytes, ending } = piece;
  const rest = bytes.length - lines.consumed;
  if (rest === 0 || (rest <= maxLine && ending !== "final")) return lines;
  const tooLong = rest > maxLine;
  addLine(bytes, lines.consumed, bytes.length, form, maxLine, lines);
  lines.consumed = bytes.length;
  lines.skipping = tooLong;
  return lines;
}

function addLine(bytes: Uint8Array, start: number, newline: number, form: LineForm, maxLine: number, lines: Lines) {
  let end = newline;
  if (newline - start > maxLine) {
    end = form.boundary(bytes, start + maxLine);
    lines.cut.add(lines.starts.length);
    lines.skipped += newline - end;
  } else if (newline < bytes.length && end - form.width >= start && form.isReturn(bytes, end - form.width)) {
    end -= form.width;
  }
  lines.starts.push(start);
  lines.ends.push(end);
}
