import { PACKING_BYTES, packingOf } from "./packing.ts";
import { unpacked } from "./unpack.ts";

/** Bytes of a head, by which a packing, or a label before the lines, is recognized. */
export const HEAD_BYTES = 64;

/** Gives the bytes of an archive as they are stored, from an offset on. */
export type ReadStored = (offset: number) => AsyncIterable<Uint8Array>;

/** Content of an archive that need not be read from its beginning. */
export interface Content {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Offset in the content of the first of the bytes. */
  readonly startsAt: number;
  /** The content's first bytes, where `bytes` do not begin there. */
  readonly head?: Uint8Array;
}

/** The content for someone who wants it from `offset` on: from there where nothing is packed, else from the beginning. */
export async function openContent(read: ReadStored, offset: number): Promise<Content> {
  const head = offset === 0 ? null : await readStart(read);
  if (head === null || head.length < PACKING_BYTES || packingOf(head)) return { bytes: unpacked(read(0)), startsAt: 0 };
  return { bytes: read(offset), startsAt: offset, head };
}

async function readStart(read: ReadStored): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  for await (const chunk of read(0)) {
    head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
    if (head.length >= HEAD_BYTES) break;
  }
  return head;
}
