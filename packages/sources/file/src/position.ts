import { hash } from "node:crypto";
import type { Value } from "@sluice/core";
import { z } from "zod";

/** Longest run of bytes that a mark covers. */
export const MARK_BYTES = 1024;

const mark = z.object({ bytes: z.int().min(0).max(MARK_BYTES), hash: z.string() });

/** Recognizes a run of a file's bytes without keeping them. */
export type Mark = Readonly<z.output<typeof mark>>;

/** The mark of nothing: it fits every file. */
export const NO_MARK: Mark = { bytes: 0, hash: "" };

/** The mark of at most {@link MARK_BYTES} bytes. */
export function markOf(bytes: Uint8Array): Mark {
  if (bytes.length === 0) return NO_MARK;
  return { bytes: bytes.length, hash: hash("sha256", bytes, "base64url").slice(0, 22) };
}

/** Whether `bytes` begin with what the mark was made of. */
export function begins(mark: Mark, bytes: Uint8Array): boolean {
  return bytes.length >= mark.bytes && markOf(bytes.subarray(0, mark.bytes)).hash === mark.hash;
}

const position = z.object({
  /** Path under which the file was first seen; `log.file.path` of its events. */
  path: z.string(),
  /** Path under which it was last seen, when that is another one (renamed). */
  at: z.string().optional(),
  /** Where the symbolic link at `path` led to. */
  real: z.string().optional(),
  dev: z.string(),
  ino: z.string(),
  /** Counts the files that one inode has been: up by one at each truncation or reuse. */
  generation: z.int().min(1),
  id: z.string(),
  /** Bytes of the (unpacked) content that are done with. */
  offset: z.int().min(0),
  /** The bytes right before `offset`. */
  tail: mark,
  /** The first bytes of the content. */
  head: mark,
  /** Set while the rest of a cut line is still to be skipped. */
  skipping: z.literal(true).optional(),
  /** Packed size of a compressed file that was read to its end. */
  done: z.int().optional(),
  /** When it was last seen at `path`, in milliseconds since the epoch. */
  seen: z.number().optional(),
  /** When the file was found to be gone, in milliseconds since the epoch. */
  gone: z.number().optional(),
});

/** What is stored for a stream: which file it is, and how far it is done. */
export type Position = Readonly<z.output<typeof position>>;

/** A position as it is stored. */
export function toValue(value: Position): Value {
  return value as unknown as Value;
}

/** A stored value as a position; null when it is something else. */
export function fromValue(value: Value): Position | null {
  const parsed = position.safeParse(value);
  return parsed.success ? parsed.data : null;
}
