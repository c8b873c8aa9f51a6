import { Readable } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Packing } from "@sluice/archive";
import type { Bytes, OpenStat, PlainReader, Reader } from "./reader.ts";

const BLOCK = 65_536;

/** Reads the content of a packed file: forward, in one pass, holding no more than what is asked for and one block. */
export class PackedReader implements Reader {
  readonly #file: PlainReader;
  readonly #packing: Packing;
  #source: Readable | null = null;
  #blocks: AsyncIterator<Buffer> | null = null;
  #window: Buffer = Buffer.alloc(0);
  /** Offset of the window in the content. */
  #start = 0;
  #ended = false;
  #lenient = false;

  constructor(file: PlainReader, packing: Packing) {
    this.#file = file;
    this.#packing = packing;
  }

  async read(offset: number, before: Uint8Array, want: number): Promise<Bytes | null> {
    const from = offset - before.length;
    if (this.#start > from) this.restart(this.#lenient);
    await this.#forward(from);
    await this.#fill(before.length + want);
    if (this.#window.length < before.length) return null;
    if (!this.#window.subarray(0, before.length).equals(before)) return null;
    const bytes = new Uint8Array(this.#window.subarray(before.length, before.length + want));
    return { bytes, end: bytes.length < want };
  }

  stat(): OpenStat {
    return this.#file.stat();
  }

  /** `lenient` takes what there is of a file whose end is missing, instead of failing there. */
  restart(lenient: boolean): void {
    this.#source?.destroy();
    this.#source = null;
    this.#blocks = null;
    this.#window = Buffer.alloc(0);
    this.#start = 0;
    this.#ended = false;
    this.#lenient = lenient;
  }

  close(): void {
    this.#source?.destroy();
    this.#file.close();
  }

  /** Drops the content before `offset`. */
  async #forward(offset: number): Promise<void> {
    for (;;) {
      const drop = Math.min(offset - this.#start, this.#window.length);
      this.#window = this.#window.subarray(drop);
      this.#start += drop;
      if (this.#start === offset || !(await this.#pull())) return;
    }
  }

  async #fill(length: number): Promise<void> {
    while (this.#window.length < length && (await this.#pull()));
  }

  async #pull(): Promise<boolean> {
    if (this.#ended) return false;
    this.#blocks ??= this.#open();
    const next = await this.#blocks.next();
    if (next.done) this.#ended = true;
    else this.#window = this.#window.length === 0 ? next.value : Buffer.concat([this.#window, next.value]);
    return !next.done;
  }

  #open(): AsyncIterator<Buffer> {
    const source = Readable.from(this.#packed());
    const unpack = this.#unpacker();
    source.on("error", (error) => unpack.destroy(error));
    unpack.on("close", () => source.destroy());
    this.#source = source.pipe(unpack);
    return unpack[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async *#packed(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; ; ) {
      const piece = await this.#file.read(offset, Buffer.alloc(0), BLOCK);
      if (piece === null || piece.bytes.length === 0) return;
      offset += piece.bytes.length;
      yield piece.bytes;
    }
  }

  #unpacker() {
    if (this.#packing === "zstd") {
      return createZstdDecompress({
        chunkSize: BLOCK,
        ...(this.#lenient && { finishFlush: constants.ZSTD_e_continue }),
      });
    }
    return createGunzip({ chunkSize: BLOCK, ...(this.#lenient && { finishFlush: constants.Z_SYNC_FLUSH }) });
  }
}
