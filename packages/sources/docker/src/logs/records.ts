import { type Event, type Framing, STAMP_BYTES } from "@sluice/core";
import type { Moment } from "../time.ts";
import { momentText, positionOf } from "../time.ts";
import { StampList } from "./stamp-list.ts";

const FIRST_BYTES = 512;
/** What a record costs in memory beside its bytes, about. */
const RECORD_COST = 80;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Records of one output of a container, as they are put together from Docker's messages: lines with a time each. */
export class RecordsBuilder {
  #data = unsetBytes(FIRST_BYTES);
  #length = 0;
  /** Where the line that is being put together begins; -1 between lines. */
  #open = -1;
  /** Length of its last part. */
  #part = 0;
  #cut = false;
  readonly #stamps = new StampList();
  readonly #cuts: number[] = [];
  /** Some record is no line by itself, as it has line ends of its own. */
  #isOdd = false;

  get records(): number {
    return this.#stamps.length;
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
    // One more, for the line end.
    this.#reserve(this.#part + 1);
    this.#copy(bytes, start, stop);
  }

  /** Short lines are copied by hand, which is faster than a call. */
  #copy(bytes: Buffer, start: number, stop: number): void {
    let isOdd = false;
    if (stop - start < 64) {
      const data = this.#data;
      for (let from = start, to = this.#length; from < stop; from++, to++) {
        const byte = bytes[from] as number;
        isOdd ||= byte === NEWLINE;
        data[to] = byte;
      }
    } else {
      const newline = bytes.indexOf(NEWLINE, start);
      isOdd = newline >= 0 && newline < stop;
      bytes.copy(this.#data, this.#length, start, stop);
    }
    this.#length += stop - start;
    this.#isOdd ||= isOdd;
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
    const grown = unsetBytes(Math.max(needed, this.#data.length * 2));
    grown.set(this.#data.subarray(0, this.#length));
    this.#data = grown;
  }

  /**
   * Ends the line: it is the `count`-th (from 0) of that moment.
   * @param stamp the moment as text, of `STAMP_BYTES`
   */
  end(moment: Moment, count: number, stamp: Uint8Array): void {
    if (this.#cut) this.#cuts.push(this.records);
    // Another one before the line end would be taken for a part of it. Times before 1970 have no form of their own.
    if (this.#length > this.#open && this.#data[this.#length - 1] === CARRIAGE_RETURN) this.#isOdd = true;
    if (moment.sec < 1) this.#isOdd = true;
    this.#stamps.add(this.#open, this.#length, positionOf(moment, count), moment.sec, stamp);
    this.#reserve(1);
    this.#data[this.#length++] = NEWLINE;
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
    next.#reserve(bytes.length + 1);
    next.#copy(bytes, 0, bytes.length);
    next.#cut = this.#cut;
    next.#part = this.#part;
    this.abandon();
    return next;
  }

  /** The complete records, in memory of their own. */
  take(): { readonly data: Uint8Array<ArrayBuffer>; readonly framing: Framing } {
    const { stamps, ...records } = this.#stamps.take();
    const extra: { [index: number]: Event } = {};
    if (this.#isOdd) for (let i = 0; i < this.records; i++) extra[i] = { "@timestamp": stampText(stamps.texts, i) };
    for (const index of this.#cuts) extra[index] = { ...extra[index], tags: ["_line_cut"] };
    const framing = {
      kind: "records" as const,
      ...records,
      ...(!this.#isOdd && { stamps }),
      ...((this.#isOdd || this.#cuts.length > 0) && { extra }),
    };
    return { data: this.#data.slice(0, this.#length), framing };
  }
}

/** Memory that is not filled with zeros first. */
function unsetBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function stampText(texts: Uint8Array<ArrayBuffer>, index: number): string {
  return Buffer.from(texts.buffer, index * STAMP_BYTES, STAMP_BYTES).toString("latin1");
}

/** A moment as a stamp. */
export function stampOf(moment: Moment): Uint8Array {
  return new TextEncoder().encode(momentText(moment));
}
