import { Buffer } from "node:buffer";
import { resized } from "./memory.ts";
import type { RecordBuffer } from "./record-buffer.ts";

/** How records are told apart on a connection. */
export type FramingMode = "auto" | "newline" | "octet_counted" | "nul";

const NEWLINE = 10;
const SPACE = 0x20;
const LESS_THAN = 0x3c;
const SMALLEST = 256;
/** Doubling would waste as much memory as endless lines hold. */
const GROWTH = 1.25;
/** Bytes of memory that a connection keeps between its records. */
const KEPT = 4096;
/** Digits of the largest octet count that is taken for one. */
const MAX_DIGITS = 9;

/** Tag of a record that was longer than allowed; its rest is skipped. */
const LINE_CUT = "_line_cut";
/** Tag of a record whose connection ended before it did. */
const INCOMPLETE = "_incomplete";

/** What the beginning of a frame says. */
type Head =
  | { readonly kind: "counted"; readonly length: number; readonly from: number }
  | { readonly kind: "delimited" }
  /** It takes more bytes to tell. */
  | { readonly kind: "unknown" };

const DELIMITED: Head = { kind: "delimited" };
const UNKNOWN: Head = { kind: "unknown" };

/**
 * Cuts the bytes of a connection into records, wherever its chunks end: lines, RFC 6587 octet-counted frames
 * (`MSG-LEN SP MSG`), or frames that end with NUL. `auto` decides for each frame whether it is counted or a line:
 * counted ones begin with a number, a space and the `<` of a syslog priority.
 */
export class Framer {
  readonly #mode: FramingMode;
  readonly #delimiter: number;
  readonly #max: number;
  readonly #out: RecordBuffer;
  /** The beginning of a record whose end has not come yet, `#held` bytes of it. */
  #record: Buffer = Buffer.from(new ArrayBuffer(0));
  #held = 0;
  /** Bytes of the counted frame at work that have not come yet; -1 in a delimited one. */
  #left = -1;
  /** The record at work was cut: what is left of it is skipped. */
  #skipping = false;
  /** What is held is the beginning of a frame of which it is not known what it is. */
  #undecided = false;

  /** @param max bytes a record may have; a longer one is cut there */
  constructor(mode: FramingMode, max: number, out: RecordBuffer) {
    this.#mode = mode;
    this.#delimiter = mode === "nul" ? 0 : NEWLINE;
    this.#max = max;
    this.#out = out;
  }

  /** Bytes of a record whose end has not come yet. */
  get held(): number {
    return this.#held;
  }

  /** What comes is thrown away, until the end of a record that was cut. */
  get skipping(): boolean {
    return this.#skipping;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#undecided) {
      bytes = Buffer.concat([this.#joined(), chunk]);
      this.#clear();
    }
    for (let at = 0; at < bytes.length; ) at = this.#step(bytes, at);
  }

  /** The connection has ended. What it left unfinished is a record all the same. */
  end(wasClean: boolean): void {
    // A last line needs no newline where the sender has closed in an orderly way.
    const isWhole = wasClean && this.#left < 0;
    if (this.#held > 0) this.#out.add(this.#joined(), isWhole ? undefined : { tags: [INCOMPLETE] });
    this.#clear();
    this.#left = -1;
    this.#skipping = false;
  }

  /** Gives the record at work out as it is, tagged, and skips its rest: its bytes are needed for others. */
  cut(): void {
    if (this.#held === 0) return;
    this.#out.add(this.#joined(), { tags: [LINE_CUT] });
    this.#clear();
    this.#skipping = true;
  }

  #step(bytes: Buffer, at: number): number {
    if (this.#left >= 0) return this.#counted(bytes, at);
    if (this.#held > 0 || this.#skipping) return this.#delimited(bytes, at);
    const head = this.#headAt(bytes, at);
    if (head.kind === "delimited") return this.#lines(bytes, at);
    if (head.kind === "unknown") {
      this.#hold(bytes.subarray(at));
      this.#undecided = true;
      return bytes.length;
    }
    this.#left = head.length;
    return head.length === 0 ? this.#endCounted(head.from) : head.from;
  }

  #headAt(bytes: Buffer, at: number): Head {
    if (this.#mode === "newline" || this.#mode === "nul") return DELIMITED;
    let end = at;
    let length = 0;
    for (; end < bytes.length && isDigit(bytes[end] as number); end++)
      length = length * 10 + (bytes[end] as number) - 48;
    const digits = end - at;
    // RFC 6587 3.4.1: MSG-LEN has no leading zero.
    if (digits > MAX_DIGITS || (end < bytes.length && digits === 0) || bytes[at] === 48) return DELIMITED;
    if (end === bytes.length) return UNKNOWN;
    if (bytes[end] !== SPACE) return DELIMITED;
    if (this.#mode === "octet_counted") return { kind: "counted", length, from: end + 1 };
    const next = bytes[end + 1];
    if (next === undefined) return UNKNOWN;
    return next === LESS_THAN ? { kind: "counted", length, from: end + 1 } : DELIMITED;
  }

  /** Runs of whole records at the beginning of frames: in most traffic all there is. */
  #lines(bytes: Buffer, from: number): number {
    if (this.#delimiter !== NEWLINE) return this.#delimited(bytes, from);
    let at = from;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0 || end - at > this.#max) break;
      at = end + 1;
      if (at >= bytes.length || this.#headAt(bytes, at).kind !== "delimited") break;
    }
    if (at === from) return this.#delimited(bytes, at);
    this.#out.addLines(bytes.subarray(from, at));
    return at;
  }

  #delimited(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(this.#delimiter, at);
    const end = found < 0 ? bytes.length : found;
    this.#extend(bytes.subarray(at, end));
    if (found < 0) return end;
    if (this.#skipping) this.#skipping = false;
    else this.#finish();
    return end + 1;
  }

  #counted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.#extend(bytes.subarray(at, end));
    return this.#left > 0 ? end : this.#endCounted(end);
  }

  #endCounted(at: number): number {
    this.#left = -1;
    if (this.#skipping) this.#skipping = false;
    else this.#finish();
    return at;
  }

  /** More of the record at work; what is beyond the limit is skipped. */
  #extend(bytes: Buffer): void {
    if (this.#skipping) return;
    const room = this.#max - this.#held;
    if (bytes.length <= room) return this.#hold(bytes);
    this.#hold(bytes.subarray(0, room));
    const joined = this.#joined();
    this.#out.add(joined.subarray(0, characterStart(joined, joined.length, bytes[room])), { tags: [LINE_CUT] });
    this.#clear();
    this.#skipping = true;
  }

  #finish(): void {
    const record = this.#joined();
    const isCounted = this.#delimiter === NEWLINE;
    // Many senders end counted messages with a newline as well.
    const end = isCounted && record.at(-1) === NEWLINE ? record.length - 1 : record.length;
    this.#out.add(record.subarray(0, end));
    this.#clear();
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const needed = this.#held + bytes.length;
    if (needed > this.#record.length) {
      this.#record = resized(this.#record, Math.ceil(Math.max(SMALLEST, needed, this.#record.length * GROWTH)));
    }
    bytes.copy(this.#record, this.#held);
    this.#held = needed;
  }

  #joined(): Buffer {
    return this.#record.subarray(0, this.#held);
  }

  #clear(): void {
    // Connections are many, and most lines short.
    if (this.#record.length > KEPT) this.#record = resized(this.#record, 0);
    this.#held = 0;
    this.#undecided = false;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** The last place at or before `at` that is not inside a UTF-8 character; `next` is the byte behind the end. */
function characterStart(data: Buffer, at: number, next: number | undefined): number {
  let place = at;
  let byte = next;
  while (place > at - 4 && place > 0 && byte !== undefined && (byte & 0xc0) === 0x80) {
    place--;
    byte = data[place];
  }
  return place;
}
