import { Buffer } from "node:buffer";
import { finished } from "node:stream/promises";
import { constants, createGzip, createZstdCompress, type Gzip, type ZstdCompress } from "node:zlib";
import { type Compression, DEFAULT_LEVELS } from "./options.ts";

/** Compressed bytes come in pieces of this size, so that they pin no small pools. */
const CHUNK = 256 * 1024;

/** Packs the lines of one object. The same lines give the same bytes. */
export interface Compressor {
  /** Resolves when `bytes` are read and not needed any more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Hands on what is left. */
  end(): Promise<void>;
  /** Gives its memory back before its end. */
  destroy(): void;
}

/** @param take Gets the packed bytes; they are its own. */
export function compressor(
  kind: Compression,
  level: number | undefined,
  take: (bytes: Uint8Array) => void,
): Compressor {
  if (kind === "none") {
    return { write: async (bytes) => take(bytes), end: () => Promise.resolve(), destroy: () => undefined };
  }
  const stream = kind === "gzip" ? gzip(level) : zstd(level);
  stream.on("data", take);
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async end() {
      stream.end();
      await finished(stream);
    },
    destroy: () => void stream.destroy(),
  };
}

function gzip(level = DEFAULT_LEVELS.gzip): Gzip {
  return createGzip({ level, chunkSize: CHUNK });
}

function zstd(level = DEFAULT_LEVELS.zstd): ZstdCompress {
  return createZstdCompress({
    chunkSize: CHUNK,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/** From here on a buffer has a part's size at once: what is not written to yet takes no memory, and growing would copy. */
const SMALL = 1024 * 1024;

/** Bytes that grow up to a part's size; what is taken out is one buffer of its own. */
export class PartBuffer {
  readonly #size: number;
  readonly #onChange: (change: number) => void;
  #bytes: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #length = 0;
  #held = 0;

  /** @param onChange Told by how much the memory that it holds has changed. */
  constructor(size: number, onChange: (change: number) => void) {
    this.#size = size;
    this.#onChange = onChange;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends as much as fits; returns how much that was. */
  append(bytes: Uint8Array): number {
    const fits = Math.min(bytes.length, this.#size - this.#length);
    this.#reserve(this.#length + fits);
    this.#bytes.set(fits === bytes.length ? bytes : bytes.subarray(0, fits), this.#length);
    this.#length += fits;
    this.#hold(this.#bytes.length <= SMALL ? this.#bytes.length : this.#length);
    return fits;
  }

  /** The bytes so far; the buffer starts anew and does not count their memory any more. */
  take(): Buffer<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#hold(0);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  #reserve(need: number): void {
    if (need <= this.#bytes.length) return;
    const wanted = need > SMALL ? this.#size : Math.max(need, this.#bytes.length * 2, 64 * 1024);
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#size, wanted));
    this.#bytes.copy(grown, 0, 0, this.#length);
    freeBytes(this.#bytes);
    this.#bytes = grown;
  }

  #hold(held: number): void {
    if (held !== this.#held) this.#onChange(held - this.#held);
    this.#held = held;
  }
}

/** Gives the memory of bytes back at once, which have a buffer of their own: left to the collector, parts pile up. */
export function freeBytes({ buffer }: Buffer<ArrayBuffer>): void {
  if (!buffer.detached) buffer.transfer(0);
}
