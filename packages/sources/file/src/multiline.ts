import type { Lines, Piece } from "@sluice/archive";
import type { Encoding } from "./encoding.ts";
import type { MultilineOptions } from "./options.ts";

/** Records as runs of a piece's bytes; parallel lists. */
export interface Grouping {
  readonly starts: number[];
  readonly ends: number[];
  readonly tags: Map<number, string[]>;
  consumed: number;
}

/** Decides between two neighbouring lines whether the second begins another event. */
type Boundary = (previous: string, line: string) => boolean;

/** Joins lines into events. */
export class Multiline {
  readonly maxBytes: number;
  readonly #maxLines: number;
  readonly #begins: Boundary;
  /** Whether a line is the last of its event whatever follows. */
  readonly #closes: (line: string) => boolean;

  constructor(options: MultilineOptions) {
    this.maxBytes = options.max_bytes;
    this.#maxLines = options.max_lines;
    const { start, continuation, continued, end } = options;
    const test = (source: string) => {
      const regex = new RegExp(source);
      return (line: string) => regex.test(line);
    };
    this.#closes = () => false;
    if (start !== undefined) {
      const matches = test(start);
      this.#begins = (_, line) => matches(line);
    } else if (continuation !== undefined) {
      const matches = test(continuation);
      this.#begins = (_, line) => !matches(line);
    } else {
      const matches = end === undefined ? test(continued as string) : test(end);
      this.#closes = end === undefined ? (line) => !matches(line) : matches;
      this.#begins = (previous) => this.#closes(previous);
    }
  }

  /** Groups the lines of a piece. The last event stays open, and is read again, while more lines may belong to it. */
  group(piece: Piece, lines: Lines, encoding: Encoding): Grouping {
    const grouping: Grouping = { starts: [], ends: [], tags: new Map(), consumed: lines.consumed };
    const text = (i: number) => encoding.decode(piece.bytes.subarray(lines.starts[i], lines.ends[i]));
    const count = lines.starts.length;
    let first = 0;
    let previous = count > 0 ? text(0) : "";
    for (let i = 1; i < count; i++) {
      const line = text(i);
      // The rest of a cut line is left out, so nothing can be joined behind it.
      const begins = lines.cut.has(i - 1) || this.#begins(previous, line);
      const full = !begins && this.#full(lines, first, i);
      if (begins || full) {
        add(grouping, lines, first, i, full);
        first = i;
      }
      previous = line;
    }
    if (first === count) return grouping;
    const closed = piece.ending !== "open" || lines.cut.has(count - 1) || this.#closes(previous);
    if (closed) add(grouping, lines, first, count, false);
    else grouping.consumed = lines.starts[first] as number;
    return grouping;
  }

  #full(lines: Lines, first: number, next: number): boolean {
    const bytes = (lines.ends[next] as number) - (lines.starts[first] as number);
    return next - first >= this.#maxLines || bytes > this.maxBytes;
  }
}

function add(grouping: Grouping, lines: Lines, first: number, next: number, full: boolean): void {
  const tags = lines.cut.has(next - 1) ? ["_line_cut"] : [];
  if (full) tags.push("_multiline_cut");
  if (tags.length > 0) grouping.tags.set(grouping.starts.length, tags);
  grouping.starts.push(lines.starts[first] as number);
  grouping.ends.push(lines.ends[next - 1] as number);
}
