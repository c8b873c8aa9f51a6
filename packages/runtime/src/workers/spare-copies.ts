const GRAIN = 64 * 1024;

/**
 * Copies of what is at the workers, so that a batch survives its worker. A batch's buffer is transferred and gone when
 * the thread dies; copying into memory that is used again costs some 10 µs, a new buffer each time would cost more.
 */
export class SpareCopies {
  readonly #keep: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #used = new Map<number, { readonly buffer: Uint8Array<ArrayBuffer>; readonly length: number }>();

  /** @param keep Buffers to hold on to while they are unused. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  put(id: number, data: Uint8Array): void {
    const index = this.#free.findIndex((buffer) => buffer.length >= data.length);
    const buffer = index < 0 ? allocate(data.length) : (this.#free.splice(index, 1)[0] as Uint8Array<ArrayBuffer>);
    buffer.set(data);
    this.#used.set(id, { buffer, length: data.length });
  }

  /** What was put, as a view that is valid until it is released. */
  view(id: number): Uint8Array {
    const entry = this.#used.get(id);
    if (!entry) throw new Error(`no copy of job ${id}`);
    return entry.buffer.subarray(0, entry.length);
  }

  release(id: number): void {
    const entry = this.#used.get(id);
    this.#used.delete(id);
    if (!entry) return;
    this.#free.push(entry.buffer);
    if (this.#free.length > this.#keep) this.#free.shift();
  }
}

function allocate(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.max(1, Math.ceil(length / GRAIN)) * GRAIN);
}
