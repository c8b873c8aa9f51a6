import type { Event, Framing } from "@sluice/core";
import type { Moment } from "../time.ts";
import { momentText, positionOf } from "../time.ts";

const FIRST_BYTES = 512;
/** What a record costs in memory beside its bytes, about. */
const RECORD_COST = 200;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Records of one output of a container, as they are put together from Docker's messages. */
export class RecordsBuilder {
  #data = new Uint8Array(FIRST_BYTES);
  #length = 0;
  /** Where the line that is being put together begins; -1 between lines. */
  #open = -1;
  /** Length of its last part. */
  #part = 0;
  #cut = false;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #positions: number[] = [];
  readonly #extra: { [index: number]: Event } = {};

  get records(): number {
    return this.#starts.length;
  }

  /** Bytes of memory for complete records, about. */
  get cost(): number {
    return (this.#open < 0 ? this.#length : this.#open) + this.records * RECORD_COST;
  }

  /** Begins a line. */
  begin(): void {
    this.#open = this.#length;
    this.#cut = false;
    this.#part = 0;
  }

  /** Adds a part to the line; what goes beyond `limit` bytes is left out. */
  append(bytes: Buffer, start: number, end: number, limit: number): void {
    const room = limit - (this.#length - this.#open);
    let stop = end;
    if (bytes[stop - 1] === NEWLINE && stop > start) stop--;
    if (stop < end && stop > start && bytes[stop - 1] === CARRIAGE_RETURN) stop--;
    // The parts of a line may be cut between the two.
    else if (stop < end && stop === start && this.#data[this.#length - 1] === CARRIAGE_RETURN) this.#dropLast();
    if (stop - start > room) {
      this.#cut = true;
      stop = start + Math.max(0, room);
    }
    this.#part = stop - start;
    this.#reserve(this.#part);
    bytes.copy(this.#data, this.#length, start, stop);
    this.#length += this.#part;
  }

  #dropLast(): void {
    if (this.#length > this.#open) this.#length--;
  }

  /** Whether the line's last part was these very bytes. */
  endsWith(bytes: Buffer, start: number, end: number): boolean {
    const part = this.#data.subarray(this.#length - this.#part, this.#length);
    return part.length > 0 && bytes.subarray(start, end).equals(part);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#data.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#data.length * 2));
    grown.set(this.#data.subarray(0, this.#length));
    this.#data = grown;
  }

  /** Ends the line: it is the `count`-th (from 0) of that moment. */
  end(moment: Moment, count: number): void {
    const index = this.#starts.push(this.#open) - 1;
    this.#ends.push(this.#length);
    this.#positions.push(positionOf(moment, count));
    const extra: Event = { "@timestamp": momentText(moment) };
    if (this.#cut) extra["tags"] = ["_line_cut"];
    this.#extra[index] = extra;
    this.#open = -1;
  }

  /** Forgets the line that is being put together. */
  abandon(): void {
    if (this.#open >= 0) this.#length = this.#open;
    this.#open = -1;
  }

  /** A builder that goes on with the line that is being put together, which leaves this one. */
  split(): RecordsBuilder {
    const next = new RecordsBuilder();
    if (this.#open < 0) return next;
    const bytes = Buffer.from(this.#data.buffer, this.#open, this.#length - this.#open);
    next.begin();
    next.append(bytes, 0, bytes.length, Number.POSITIVE_INFINITY);
    next.#cut = this.#cut;
    next.#part = this.#part;
    this.abandon();
    return next;
  }

  /** The complete records, in memory of their own. */
  take(): { readonly data: Uint8Array<ArrayBuffer>; readonly framing: Framing } {
    return {
      data: this.#data.slice(0, this.#length),
      framing: {
        kind: "records",
        starts: Uint32Array.from(this.#starts),
        ends: Uint32Array.from(this.#ends),
        positions: Float64Array.from(this.#positions),
        extra: this.#extra,
      },
    };
  }
}
