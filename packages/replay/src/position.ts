import { hash } from "node:crypto";
import type { Value } from "@sluice/core";
import type { Archive } from "./archive.ts";

/** Bytes at the beginning of the content by which an archive is known again. */
export const HEAD_BYTES = 1024;

/** How far one archive is replayed, as it is stored. */
export interface ReplayPosition {
  readonly id: string;
  readonly name: string;
  /** Bytes of the content that the mark covers, and their hash. */
  readonly head: { readonly bytes: number; readonly hash: string };
  readonly etag?: string;
  /** Bytes of the unpacked content that are done with. */
  readonly offset: number;
  readonly skipping: boolean;
  /** Set once all was read: its stored size then, and when it had been written. */
  readonly done?: { readonly bytes: number; readonly writtenBy: number };
}

const markOf = (bytes: Uint8Array) => ({ bytes: bytes.length, hash: hash("sha256", bytes, "base64url").slice(0, 22) });

/** The position of an archive that was not seen before: its id is the same whenever the same archive is replayed. */
export function newPosition({ name, etag }: Archive, head: Uint8Array): ReplayPosition {
  const mark = markOf(head);
  const id = `r${hash("sha256", `${name}\0${etag ?? mark.hash}`, "base64url").slice(0, 16)}`;
  return { id, name, head: mark, ...(etag !== undefined && { etag }), offset: 0, skipping: false };
}

/** Positions of an interrupted replay, each for the archive it belongs to. */
export class StoredPositions {
  readonly #open: Map<string, ReplayPosition>;

  constructor(stored: ReadonlyMap<string, Value>) {
    this.#open = new Map([...stored].map(([key, value]) => [key, value as unknown as ReplayPosition]));
  }

  /** Whether an archive was replayed to its end, as far as its name, size and date tell. */
  takeDone({ name, bytes, etag, writtenBy = 0 }: Archive): boolean {
    for (const [key, position] of this.#open) {
      const { done } = position;
      if (position.name !== name || position.etag !== etag) continue;
      if (done?.bytes !== bytes || done.writtenBy !== writtenBy) continue;
      this.#open.delete(key);
      return true;
    }
    return false;
  }

  /** The position of an archive with this beginning: that of its name, else one whose file was renamed or packed since. */
  take({ name, etag }: Archive, head: Uint8Array): ReplayPosition | null {
    const matching = [...this.#open.values()].filter((position) =>
      etag === undefined ? begins(position, head) : position.name === name && position.etag === etag,
    );
    const position = matching.find((candidate) => candidate.name === name) ?? matching[0];
    if (!position) return null;
    this.#open.delete(position.id);
    return position;
  }
}

function begins({ head: mark, etag }: ReplayPosition, head: Uint8Array): boolean {
  if (etag !== undefined || mark.bytes === 0 || head.length < mark.bytes) return false;
  return markOf(head.subarray(0, mark.bytes)).hash === mark.hash;
}
