import { Buffer } from "node:buffer";
import type { Event, Framing } from "@sluice/core";
import type { Records } from "./record-buffer.ts";

const NEWLINE = 10;
const SMALLEST = 16_384;
const CARRIAGE_RETURN = 13;
/** Bytes of a batch. */
const BATCH = 262_144;
/** Senders whose fields are kept ready. */
const MAX_PEERS = 1000;

/** Records, and the fields that all of them share besides. */
export interface PeerBatch extends Records {
  readonly shared: Event;
  /** Milliseconds since the epoch when the last of them came. */
  readonly writtenBy: number;
}

/** Gathers datagrams, one record each, with the address each came from. */
export class PeerRecords {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #starts: number[] = [];
  #ends: number[] = [];
  #fields: Event[] = [];
  #isPlain = true;
  #position = 0;
  #last = 0;
  readonly #peers = new Map<string, Event>();
  /** Batches that are full. */
  readonly #full: PeerBatch[] = [];
  #fullBytes = 0;

  /** Bytes gathered. */
  get length(): number {
    return this.#fullBytes + this.#length;
  }

  /** A record, without the newline or NUL at its end if it has one. */
  add(datagram: Buffer, peer: string): void {
    const end = withoutEnd(datagram);
    this.#reserve(end + 1);
    const start = this.#length;
    datagram.copy(this.#bytes, start, 0, end);
    this.#bytes[start + end] = NEWLINE;
    this.#isPlain &&= !datagram.subarray(0, end).includes(NEWLINE);
    this.#starts.push(start);
    this.#ends.push(start + end);
    this.#fields.push(this.#fieldsOf(peer));
    this.#length += end + 1;
    this.#last = Date.now();
    if (this.#length >= BATCH) this.#fill();
  }

  /** The next batch of what was gathered; null when there is nothing. */
  take(): PeerBatch | null {
    const full = this.#full.shift();
    if (!full) return this.#cut();
    this.#fullBytes -= full.data.length;
    return full;
  }

  #fill(): void {
    const batch = this.#cut();
    if (!batch) return;
    this.#full.push(batch);
    this.#fullBytes += batch.data.length;
  }

  #cut(): PeerBatch | null {
    const first = this.#fields[0];
    if (!first) return null;
    const data = new Uint8Array((this.#bytes.buffer as ArrayBuffer).transfer(this.#length));
    const isOnePeer = this.#fields.every((fields) => fields === first);
    const framing: Framing =
      isOnePeer && this.#isPlain ? { kind: "lines", base: this.#position } : this.#records(isOnePeer);
    this.#position += this.#length;
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    [this.#starts, this.#ends, this.#fields, this.#isPlain] = [[], [], [], true];
    return { data, framing, shared: isOnePeer ? first : {}, writtenBy: this.#last };
  }

  #records(isOnePeer: boolean): Framing {
    return {
      kind: "records",
      starts: Uint32Array.from(this.#starts),
      ends: Uint32Array.from(this.#ends),
      positions: Float64Array.from(this.#starts, (start) => this.#position + start),
      ...(!isOnePeer && { extra: Object.fromEntries(this.#fields.entries()) }),
    };
  }

  #fieldsOf(peer: string): Event {
    let fields = this.#peers.get(peer);
    if (!fields) {
      if (this.#peers.size >= MAX_PEERS) this.#peers.clear();
      fields = { "log.source.address": peer };
      this.#peers.set(peer, fields);
    }
    return fields;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(SMALLEST, needed, this.#bytes.length * 2)));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Length without one NUL and one line end. */
function withoutEnd(datagram: Buffer): number {
  let end = datagram.length;
  if (datagram[end - 1] === 0) end--;
  if (datagram[end - 1] === NEWLINE) end--;
  if (datagram[end - 1] === CARRIAGE_RETURN) end--;
  return end;
}
