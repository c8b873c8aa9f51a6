import {
  beginsWithLabel,
  type Content,
  DamagedArchiveError,
  type LineBatch,
  lineBatches,
  openContent,
  readMultilogLabel,
  unpacked,
} from "@sluice/archive";
import { errorText } from "@sluice/core";
import type { Archive } from "./archive.ts";
import { HEAD_BYTES, type ReplayPosition } from "./position.ts";

const BATCH_BYTES = 262_144;
const MAX_LINE_BYTES = 1_048_576;

/** Whether lines bear stamps of multilog that become their time; `detect`: when the first line does. */
export type Stamps = boolean | "detect";

/** Reading failed: not the pipeline that takes what was read. */
export class ReadFailure extends Error {
  readonly position: ReplayPosition | null;

  constructor(cause: unknown, position: ReplayPosition | null) {
    super(errorText(cause), { cause });
    this.position = position;
  }
}

/** One pass over an archive. */
export class ArchiveReader {
  readonly #archive: Archive;
  readonly #stop: AbortSignal;
  #packedBytes = 0;
  #contentBytes = 0;
  /** Behind what was handed on. */
  reached: ReplayPosition | null = null;

  constructor(archive: Archive, stop: AbortSignal) {
    this.#archive = archive;
    this.#stop = stop;
  }

  /** About how many of the stored bytes the content up to `offset` took. */
  storedUpTo(offset: number): number {
    return this.#contentBytes === 0 ? 0 : this.#packedBytes * Math.min(1, offset / this.#contentBytes);
  }

  async *batches(from: ReplayPosition, stamps: Stamps, maxLines: number | undefined): AsyncGenerator<LineBatch> {
    const label = (head: Uint8Array) =>
      stamps === true || (stamps && beginsWithLabel(head)) ? readMultilogLabel : null;
    const options = { from, maxLine: MAX_LINE_BYTES, batchBytes: BATCH_BYTES, maxLines, label };
    const failed = (error: unknown): never => {
      throw new ReadFailure(error, this.reached);
    };
    const content = await openContent((offset) => this.#stored(offset), from.offset).catch(failed);
    const batches = lineBatches({ ...content, bytes: this.#counted(content) }, options);
    try {
      for (let next = await batches.next().catch(failed); !next.done; next = await batches.next().catch(failed)) {
        yield next.value;
      }
    } finally {
      await batches.return(undefined);
    }
  }

  async *#counted({ bytes, startsAt }: Content): AsyncGenerator<Uint8Array> {
    this.#contentBytes = startsAt;
    for await (const chunk of bytes) {
      this.#contentBytes += chunk.length;
      yield chunk;
    }
  }

  async *#stored(offset: number): AsyncGenerator<Uint8Array> {
    this.#packedBytes = offset;
    for await (const chunk of this.#archive.read(this.#stop, offset)) {
      this.#packedBytes += chunk.length;
      yield chunk;
    }
  }
}

/** The first bytes of an archive's content. */
export async function readHead(archive: Archive, stop: AbortSignal): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of unpacked(archive.read(stop, 0))) {
      head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
      if (head.length >= HEAD_BYTES) break;
    }
  } catch (error) {
    // What is damaged behind its beginning is met again when it is read.
    if (!(error instanceof DamagedArchiveError)) throw new ReadFailure(error, null);
  }
  return head;
}
