import { type Lines, type Piece, type Split, type Splitter, scanLines } from "@sluice/archive";
import type { Event } from "@sluice/core";
import type { Encoding } from "./encoding.ts";
import type { Grouping, Multiline } from "./multiline.ts";

const RETURN = 13;

/** Cuts pieces into records one by one: cut lines, multiline events, other encodings. */
export class RecordSplitter implements Splitter {
  readonly enough: number;
  readonly #encoding: Encoding;
  readonly #maxLine: number;
  readonly #multiline: Multiline | undefined;

  constructor(encoding: Encoding, maxLine: number, multiline?: Multiline) {
    this.#encoding = encoding;
    this.#maxLine = maxLine;
    this.#multiline = multiline;
    // An open event has `maxBytes` at most, not counting its last line end (`\r\n`), unless its only line is longer.
    const event = multiline ? Math.max(multiline.maxBytes, maxLine) + 2 * encoding.width : 0;
    this.enough = event + maxLine + encoding.width;
  }

  split(piece: Piece): Split {
    const lines = scanLines(piece, this.#encoding, this.#maxLine);
    const grouping = this.#multiline
      ? this.#multiline.group(piece, lines, this.#encoding)
      : { starts: lines.starts, ends: lines.ends, tags: lineTags(lines), consumed: lines.consumed };
    const { skipping, skipped } = lines;
    return { records: this.#build(piece, grouping), consumed: grouping.consumed, skipping, skipped };
  }

  #build(piece: Piece, grouping: Grouping): Split["records"] {
    const count = grouping.starts.length;
    if (count === 0) return null;
    const positions = Float64Array.from(grouping.starts, (start) => piece.base + start);
    const extra: Record<number, Event> = {};
    for (const [index, tags] of grouping.tags) extra[index] = { tags };
    const { data, starts, ends } = this.#bytes(piece.bytes, grouping);
    return { data, framing: { kind: "records", starts, ends, positions, extra } };
  }

  #bytes(bytes: Uint8Array<ArrayBuffer>, { starts, ends }: Grouping) {
    const joined = this.#multiline !== undefined;
    if (!this.#encoding.asIs) return transcode(bytes, starts, ends, this.#encoding, joined);
    if (joined && bytes.includes(RETURN)) return withoutReturns(bytes, starts, ends);
    return { data: bytes, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) };
  }
}

function lineTags(lines: Lines): Map<number, string[]> {
  return new Map([...lines.cut].map((index) => [index, ["_line_cut"]]));
}

function transcode(bytes: Uint8Array, from: number[], to: number[], encoding: Encoding, joined: boolean) {
  const starts = new Uint32Array(from.length);
  const ends = new Uint32Array(from.length);
  // A byte of any encoding becomes at most three of UTF-8.
  const out = Buffer.allocUnsafeSlow(bytes.length * 3);
  let at = 0;
  for (let i = 0; i < from.length; i++) {
    const text = encoding.decode(bytes.subarray(from[i], to[i]));
    starts[i] = at;
    at += out.write(joined ? text.replaceAll("\r\n", "\n") : text, at);
    ends[i] = at;
  }
  return { data: new Uint8Array(out.buffer as ArrayBuffer, 0, at), starts, ends };
}

/** Takes the `\r` out of the line ends inside of records. */
function withoutReturns(bytes: Uint8Array, from: number[], to: number[]) {
  const starts = new Uint32Array(from.length);
  const ends = new Uint32Array(from.length);
  const data = new Uint8Array(bytes.length);
  let at = 0;
  for (let i = 0; i < from.length; i++) {
    starts[i] = at;
    for (let k = from[i] as number; k < (to[i] as number); k++) {
      if (bytes[k] === RETURN && bytes[k + 1] === 10 && k + 1 < (to[i] as number)) continue;
      data[at++] = bytes[k] as number;
    }
    ends[i] = at;
  }
  return { data: data.subarray(0, at), starts, ends };
}
