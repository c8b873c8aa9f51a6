import { crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { BatchOrigin, EncodedBatch } from "@sluice/core";
import type { BufferedBatch } from "./shares.ts";

// A record is one encoded batch: a header of fixed size, then the origin as JSON, the ends of the frames, and the frames.
// Numbers are little-endian. The checksum covers all of the record but itself, so that a torn or rotten one is noticed.

const MAGIC = 0x31424c53; // "SLB1"
const ZSTD = 1;
/** Bytes of a header: magic, checksum, sequence number, batch, frames, flags, and the sizes of the three parts behind it. */
export const HEADER_BYTES = 48;
/** A record beyond this is damage, not data: batches are megabytes at most. */
const MAX_BODY = 1024 * 1024 * 1024;

/** What is kept of a batch beside its frames. */
export interface RecordInfo extends BufferedBatch {
  /** Ascends within a buffer, over restarts too. */
  readonly seq: number;
  readonly origin: BatchOrigin;
}

/** The fixed part of a record. */
export interface RecordHeader {
  readonly checksum: number;
  readonly seq: number;
  readonly batch: number;
  readonly frames: number;
  readonly compressed: boolean;
  readonly originBytes: number;
  readonly endsBytes: number;
  readonly frameBytes: number;
  /** Bytes of the whole record. */
  readonly size: number;
}

/** A record as it is read back. */
export interface BufferRecord extends RecordInfo {
  readonly encoded: EncodedBatch;
}

/** A batch as bytes. */
export function encodeRecord(
  { seq, batch, origin, shares }: RecordInfo,
  encoded: EncodedBatch,
  compress: boolean,
): Buffer {
  const originText = Buffer.from(JSON.stringify({ ...origin, shares }));
  const { ends } = encoded;
  const endsBytes = Buffer.from(ends.buffer, ends.byteOffset, ends.byteLength);
  const frames = compress ? zstdCompressSync(encoded.bytes) : encoded.bytes;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeDoubleLE(seq, 8);
  header.writeDoubleLE(batch, 16);
  header.writeUInt32LE(ends.length, 24);
  header.writeUInt32LE(compress ? ZSTD : 0, 28);
  header.writeUInt32LE(originText.length, 32);
  header.writeUInt32LE(endsBytes.length, 36);
  header.writeUInt32LE(frames.length, 40);
  const record = Buffer.concat([header, originText, endsBytes, frames]);
  record.writeUInt32LE(crc32(record.subarray(8)), 4);
  return record;
}

/** The header at the beginning of `bytes`, or null when there is none. */
export function decodeHeader(bytes: Buffer): RecordHeader | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return null;
  const frames = bytes.readUInt32LE(24);
  const originBytes = bytes.readUInt32LE(32);
  const endsBytes = bytes.readUInt32LE(36);
  const frameBytes = bytes.readUInt32LE(40);
  const size = HEADER_BYTES + originBytes + endsBytes + frameBytes;
  if (size > MAX_BODY || endsBytes !== frames * 4) return null;
  return {
    checksum: bytes.readUInt32LE(4),
    seq: bytes.readDoubleLE(8),
    batch: bytes.readDoubleLE(16),
    frames,
    compressed: bytes.readUInt32LE(28) === ZSTD,
    originBytes,
    endsBytes,
    frameBytes,
    size,
  };
}

/** Whether a whole record is as it was written. */
export function isIntact(header: RecordHeader, record: Buffer): boolean {
  return record.length === header.size && crc32(record.subarray(8)) === header.checksum;
}

/** The batch of an intact record. Its memory is its own. */
export function decodeRecord(header: RecordHeader, record: Buffer): BufferRecord {
  const endsAt = HEADER_BYTES + header.originBytes;
  const framesAt = endsAt + header.endsBytes;
  const info = JSON.parse(record.toString("utf8", HEADER_BYTES, endsAt)) as BatchOrigin & Pick<BufferedBatch, "shares">;
  const { shares, ...origin } = info;
  const ends = new Uint32Array(new Uint8Array(record.subarray(endsAt, framesAt)).buffer);
  const stored = record.subarray(framesAt);
  const bytes = new Uint8Array(header.compressed ? zstdDecompressSync(stored) : stored);
  // JSON knows no NaN, which says that a batch has no record.
  const { to } = origin as { to: number | null };
  return {
    seq: header.seq,
    batch: header.batch,
    shares,
    origin: { ...origin, to: to ?? Number.NaN },
    encoded: { bytes, ends },
  };
}
