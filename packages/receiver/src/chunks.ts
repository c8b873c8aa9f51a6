const HEADER = 12;
const MAX_CHUNKS = 128;
/** Graylog waits this long for the rest of a message. */
const EXPIRY_MS = 5000;
/** Messages that may be incomplete at once; the oldest is dropped for one more. */
const MAX_OPEN = 1000;

interface Open {
  readonly parts: (Buffer | undefined)[];
  missing: number;
  readonly since: number;
}

/** Joins the chunks of GELF messages over UDP: `1e 0f`, 8 bytes id, number, count. */
export class ChunkJoiner {
  readonly #open = new Map<string, Open>();
  /** Messages given up: incomplete after five seconds, or with impossible headers. */
  dropped = 0;

  static isChunk(datagram: Buffer): boolean {
    return datagram.length > 1 && datagram[0] === 0x1e && datagram[1] === 0x0f;
  }

  /** Takes a chunk; the whole payload when it was the last missing one. */
  add(datagram: Buffer, now: number): Buffer | null {
    this.#expire(now);
    const number = datagram[10];
    const total = datagram[11];
    if (number === undefined || total === undefined || total === 0 || total > MAX_CHUNKS || number >= total) {
      this.dropped++;
      return null;
    }
    const id = datagram.toString("latin1", 2, 10);
    const open = this.#open.get(id) ?? this.#begin(id, total, now);
    if (open.parts.length !== total || open.parts[number] !== undefined) return null;
    open.parts[number] = Buffer.from(datagram.subarray(HEADER));
    open.missing--;
    if (open.missing > 0) return null;
    this.#open.delete(id);
    return Buffer.concat(open.parts as Buffer[]);
  }

  #begin(id: string, total: number, now: number): Open {
    const open: Open = { parts: Array.from({ length: total }), missing: total, since: now };
    this.#open.set(id, open);
    if (this.#open.size > MAX_OPEN) this.#drop(this.#open.keys().next().value as string);
    return open;
  }

  #expire(now: number): void {
    for (const [id, { since }] of this.#open) {
      if (now - since < EXPIRY_MS) return;
      this.#drop(id);
    }
  }

  #drop(id: string): void {
    this.#open.delete(id);
    this.dropped++;
  }
}
