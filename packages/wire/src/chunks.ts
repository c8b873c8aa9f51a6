const HEADER = 12;
const MAX_CHUNKS = 128;

/** What messages that are not complete yet may take up. */
export interface ChunkLimits {
  /** Messages that may be incomplete at once; the oldest is given up for one more. */
  readonly messages: number;
  /** Bytes of their chunks together. */
  readonly bytes: number;
  /** Milliseconds to wait for the rest of a message. */
  readonly ageMs: number;
}

/** Graylog waits five seconds; it bounds neither number nor bytes. */
const DEFAULT_LIMITS: ChunkLimits = { messages: 1000, bytes: 64 * 1024 * 1024, ageMs: 5000 };

interface Open {
  readonly parts: (Buffer | undefined)[];
  missing: number;
  bytes: number;
  readonly since: number;
}

/** Joins the chunks of GELF messages over UDP: `1e 0f`, 8 bytes id, number, count. */
export class ChunkJoiner {
  readonly #limits: ChunkLimits;
  readonly #open = new Map<string, Open>();
  /** Bytes of chunks that wait for others. */
  bytes = 0;
  /** Messages given up: incomplete when their time was over or their room was needed, or with impossible headers. */
  dropped = 0;

  constructor(limits: Partial<ChunkLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  static isChunk(datagram: Buffer): boolean {
    return datagram.length > 1 && datagram[0] === 0x1e && datagram[1] === 0x0f;
  }

  /** Messages that are not complete yet. */
  get waiting(): number {
    return this.#open.size;
  }

  /**
   * Takes a chunk; the whole payload when it was the last missing one.
   * @param now a clock in milliseconds
   * @param sender so that nobody can disturb the messages of another by guessing their ids
   */
  add(datagram: Buffer, now: number, sender = ""): Buffer | null {
    this.expire(now);
    const number = datagram[10];
    const total = datagram[11];
    if (number === undefined || total === undefined || total === 0 || total > MAX_CHUNKS || number >= total) {
      this.dropped++;
      return null;
    }
    const id = datagram.toString("latin1", 2, 10) + sender;
    const open = this.#open.get(id) ?? this.#begin(id, total, now);
    if (open.parts.length !== total || open.parts[number] !== undefined) return null;
    open.parts[number] = Buffer.from(datagram.subarray(HEADER));
    open.missing--;
    open.bytes += datagram.length;
    this.bytes += datagram.length;
    if (open.missing > 0) {
      this.#makeRoom();
      return null;
    }
    this.#forget(id, open);
    return Buffer.concat(open.parts as Buffer[]);
  }

  /** Gives up what is too old. Call it now and then, also when nothing comes. */
  expire(now: number): void {
    for (const [id, open] of this.#open) {
      if (now - open.since < this.#limits.ageMs) return;
      this.#drop(id, open);
    }
  }

  /** Gives up everything, e.g. at the end. */
  clear(): void {
    for (const [id, open] of this.#open) this.#drop(id, open);
  }

  #begin(id: string, total: number, now: number): Open {
    const open: Open = { parts: Array.from({ length: total }), missing: total, bytes: 0, since: now };
    this.#open.set(id, open);
    return open;
  }

  #makeRoom(): void {
    for (const [id, open] of this.#open) {
      if (this.#open.size <= this.#limits.messages && this.bytes <= this.#limits.bytes) return;
      this.#drop(id, open);
    }
  }

  #drop(id: string, open: Open): void {
    this.#forget(id, open);
    this.dropped++;
  }

  #forget(id: string, open: Open): void {
    this.#open.delete(id);
    this.bytes -= open.bytes;
  }
}
