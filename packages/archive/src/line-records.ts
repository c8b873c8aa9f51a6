import type { Event } from "@sluice/core";
import { type LineForm, type Lines, scanLines } from "./lines.ts";
import type { Piece, Split, Splitter } from "./split.ts";

const LF = 10;
const CR = 13;

/** Lines of UTF-8 and of every encoding in which a byte 10 is always a line end. */
const byteLines: LineForm = {
  width: 1,
  find: (bytes, from) => bytes.indexOf(LF, from),
  isReturn: (bytes, at) => bytes[at] === CR,
  boundary: (bytes, at) => {
    let end = at;
    for (let back = 0; back < 4 && end > 0; back++, end--) if (((bytes[end] as number) & 0xc0) !== 0x80) return end;
    return at;
  },
};

/** What stands before the text of a line: where the text begins, and what the label says. */
interface Label {
  readonly start: number;
  readonly fields: Event;
}

/** Reads the label of the line in `[start, end)`; null when it has none. */
export type ReadLabel = (bytes: Uint8Array, start: number, end: number) => Label | null;

/** Cuts pieces into records line by line: cut lines, and lines with a label before them. */
export class LineRecords implements Splitter {
  readonly enough: number;
  readonly #maxLine: number;
  readonly #readLabel: ReadLabel | undefined;

  constructor(maxLine: number, readLabel?: ReadLabel) {
    this.#maxLine = maxLine;
    this.#readLabel = readLabel;
    this.enough = maxLine + 1;
  }

  split(piece: Piece): Split {
    const lines = scanLines(piece, byteLines, this.#maxLine);
    const { consumed, skipping, skipped } = lines;
    return { records: lines.starts.length === 0 ? null : this.#records(piece, lines), consumed, skipping, skipped };
  }

  #records({ bytes, base }: Piece, { starts, ends, cut }: Lines): NonNullable<Split["records"]> {
    const texts = new Uint32Array(starts.length);
    const extra: Record<number, Event> = {};
    for (const [i, start] of starts.entries()) {
      const label = this.#readLabel?.(bytes, start, ends[i] as number) ?? null;
      texts[i] = label?.start ?? start;
      if (label) extra[i] = label.fields;
      if (cut.has(i)) extra[i] = { ...extra[i], tags: ["_line_cut"] };
    }
    const positions = Float64Array.from(starts, (start) => base + start);
    const framing = { kind: "records" as const, starts: texts, ends: Uint32Array.from(ends), positions, extra };
    return { data: bytes, framing };
  }
}
