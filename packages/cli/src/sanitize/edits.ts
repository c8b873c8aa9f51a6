import { decodeLossless, encodeLossless } from "./lossless-text.ts";

/** A part of bytes or of a text. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Something to replace, in UTF-16 offsets of the text that was looked at. */
export interface Replacement extends Range {
  readonly rule: string;
  readonly text: string;
  /** The lines that it touches go as a whole, and nothing takes their place. */
  readonly wholeLines?: boolean;
  /** A part of what was replaced before; it does not count. */
  readonly goesOn?: boolean;
}

/** Finds what is to be replaced in a text: in order, without overlaps. */
export type Find = (text: string) => readonly Replacement[];

/** A replacement in bytes. */
export interface Edit extends Range {
  readonly rule: string;
  readonly bytes: Buffer;
  readonly goesOn: boolean;
}

const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

/** What `find` finds in a part of bytes: in order, without overlaps. */
export function findEdits(bytes: Buffer, part: Range, find: Find): Edit[] {
  const partBytes = bytes.subarray(part.start, part.end);
  const text = decodeLossless(partBytes);
  const edits: Edit[] = [];
  const toByte = byteOffsets(text, partBytes.length);
  for (const { start, end, rule, text: replacement, wholeLines, goesOn = false } of find(text)) {
    const place = { start: part.start + toByte(start), end: part.start + toByte(end) };
    if (wholeLines) addEdit(edits, { ...linesAround(bytes, place), rule, bytes: NOTHING, goesOn });
    else addEdit(edits, { ...place, rule, bytes: encodeLossless(replacement), goesOn });
  }
  return edits;
}

/** A line that goes as a whole swallows what was found in it. */
function addEdit(edits: Edit[], edit: Edit): void {
  const last = edits.at(-1);
  if (last && edit.end <= last.end) return;
  while (edits.length > 0 && (edits.at(-1) as Edit).start >= edit.start) edits.pop();
  const before = edits.at(-1)?.end ?? 0;
  edits.push(before > edit.start ? { ...edit, start: before } : edit);
}

function linesAround(bytes: Buffer, { start, end }: Range): Range {
  const newline = bytes.indexOf(NEWLINE, Math.max(0, end - 1));
  return { start: lineStart(bytes, start), end: newline === -1 ? bytes.length : newline + 1 };
}

/** Where the line starts that a byte is in. */
export function lineStart(bytes: Buffer, at: number): number {
  return at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
}

/** Turns ascending offsets in a text into those in its bytes. */
function byteOffsets(text: string, size: number): (offset: number) => number {
  if (text.length === size) return (offset) => offset;
  let unit = 0;
  let byte = 0;
  return (offset) => {
    if (offset < unit) [unit, byte] = [0, 0];
    byte += encodeLossless(text.slice(unit, offset)).length;
    unit = offset;
    return byte;
  };
}
