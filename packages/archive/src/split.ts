import type { Framing } from "@sluice/core";

/** How much of an unfinished end may be passed on: nothing, whole lines of an open event, or everything. */
export type Ending = "open" | "idle" | "final";

/** A run of a file's bytes, to be cut into records. */
export interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offset of the first byte in the file. */
  readonly base: number;
  /** Whether the piece begins inside a line that was cut. */
  readonly skipping: boolean;
  readonly ending: Ending;
}

/** What became of a piece. */
export interface Split {
  /** Null when the piece holds no whole record. */
  readonly records: { readonly data: Uint8Array<ArrayBuffer>; readonly framing: Framing } | null;
  /** Bytes of the piece that are done with; the rest is read again once there is more. */
  readonly consumed: number;
  readonly skipping: boolean;
  /** Bytes left out because their line was too long. */
  readonly skipped: number;
}

/** Cuts pieces into records. Stateless, so that any prefix of a file gives the same records again after a restart. */
export interface Splitter {
  /** A piece of this many bytes always holds something that can be consumed. */
  readonly enough: number;
  split(piece: Piece): Split;
}

const NEWLINE = 10;

/** Cuts UTF-8 and other encodings as they are; looks at no line but the last, unless one may be too long. */
export class LineSplitter implements Splitter {
  readonly enough: number;
  readonly #maxLine: number;
  readonly #careful: Splitter;

  /** `careful` takes the pieces in which a line is cut. */
  constructor(maxLine: number, careful: Splitter) {
    this.#maxLine = maxLine;
    this.#careful = careful;
    this.enough = maxLine + 1;
  }

  split(piece: Piece): Split {
    const { bytes, base } = piece;
    if (piece.skipping || hasLongLine(bytes, this.#maxLine)) return this.#careful.split(piece);
    const consumed = piece.ending === "final" ? bytes.length : bytes.lastIndexOf(NEWLINE) + 1;
    if (consumed === 0) return { records: null, consumed, skipping: false, skipped: 0 };
    const data = bytes.subarray(0, consumed);
    return { records: { data, framing: { kind: "lines", base } }, consumed, skipping: false, skipped: 0 };
  }
}

function hasLongLine(bytes: Uint8Array, maxLine: number): boolean {
  for (let start = 0; bytes.length - start > maxLine; ) {
    const newline = bytes.lastIndexOf(NEWLINE, start + maxLine);
    if (newline < start) return true;
    start = newline + 1;
  }
  return false;
}
