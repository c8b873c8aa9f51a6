import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { errorText } from "@sluice/core";
import { PACKING_BYTES, type Packing, packingOf, unreadableKind } from "./packing.ts";

/** An archive that cannot be read on, however often it is tried. What came before the damage was handed on. */
export class DamagedArchiveError extends Error {
  override readonly name = "DamagedArchiveError";
}

const BLOCK = 65_536;

/**
 * The content of an archive: gzip and zstd, of any number of members, are recognized by their first bytes and unpacked;
 * everything else passes as it is. Holds no more than a block besides the chunk at work.
 *
 * Throws {@link DamagedArchiveError} where the archive is torn or corrupt, after everything that could be unpacked.
 */
export async function* unpacked(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = packed[Symbol.asyncIterator]();
  try {
    const head = await readHead(chunks);
    const unreadable = unreadableKind(head);
    if (unreadable) throw new DamagedArchiveError(`it is packed with ${unreadable}, which sluice cannot unpack`);
    const packing = packingOf(head);
    const whole = startingWith(head, chunks);
    if (packing) yield* unpack(whole, packing);
    else yield* whole;
  } finally {
    await chunks.return?.();
  }
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  while (head.length < PACKING_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* startingWith(head: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

/**
 * Feeds an unpacker chunk by chunk and takes out all it has before the next: reading it as a stream would lose what it
 * had unpacked when it fails.
 */
async function* unpack(packed: AsyncIterable<Uint8Array>, packing: Packing): AsyncGenerator<Uint8Array> {
  const engine = new Engine(
    packing === "gzip" ? createGunzip({ chunkSize: BLOCK }) : createZstdDecompress({ chunkSize: BLOCK }),
  );
  try {
    for await (const chunk of packed) {
      for (let at = 0; at < chunk.length; at += BLOCK) yield* engine.feed(chunk.subarray(at, at + BLOCK));
    }
    yield* engine.finish();
  } finally {
    engine.close();
  }
}

/** An unpacker that is driven by hand. */
class Engine {
  readonly #stream: Gunzip | ZstdDecompress;
  #fed = 0;
  #padding = 0;
  #error: Error | null = null;
  #ended = false;
  #wake: () => void = () => {};

  constructor(stream: Gunzip | ZstdDecompress) {
    this.#stream = stream;
    const wake = () => this.#wake();
    stream.on("readable", wake);
    stream.on("end", () => {
      this.#ended = true;
      wake();
    });
    stream.on("error", (error) => {
      this.#error = error;
      wake();
    });
  }

  async *feed(block: Uint8Array): AsyncGenerator<Uint8Array> {
    let taken = false;
    this.#fed += block.length;
    this.#stream.write(block, () => {
      taken = true;
      this.#wake();
    });
    yield* this.#take(() => taken);
    this.#look(block);
  }

  async *finish(): AsyncGenerator<Uint8Array> {
    this.#stream.end();
    yield* this.#take(() => this.#ended);
  }

  close(): void {
    this.#stream.destroy();
  }

  /** Everything that is unpacked until `done`; throws when the unpacker fails. */
  async *#take(done: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (let out = this.#stream.read() as Buffer | null; out !== null; out = this.#stream.read() as Buffer | null) {
        yield out;
      }
      if (this.#error) throw damage(this.#error);
      if (done()) return;
      await woken;
    }
  }

  /** The engines pass over what follows the last member without a word: zeros are padding, all else is a fault. */
  #look(block: Uint8Array): void {
    const unused = this.#fed - this.#padding - this.#stream.bytesWritten;
    if (unused <= 0) return;
    this.#padding += unused;
    if (block.subarray(-unused).some((byte) => byte !== 0))
      throw new DamagedArchiveError("what follows in it is no packed data");
  }
}

function damage(error: Error): DamagedArchiveError {
  const torn = (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR";
  return new DamagedArchiveError(torn ? "its end is missing" : `its data is corrupt: ${errorText(error)}`, {
    cause: error,
  });
}
