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
  readonly #byName = new Map<string, Set<ReplayPosition>>();
  readonly #byHead = new Map<string, Set<ReplayPosition>>();

  constructor(stored: ReadonlyMap<string, Value>) {
    for (const value of stored.values()) this.#add(value as unknown as ReplayPosition);
  }

  /** Whether an archive was replayed to its end, as far as its name, size and date tell. */
  takeDone({ name, bytes, etag, writtenBy = 0 }: Archive): boolean {
    for (const position of this.#byName.get(name) ?? []) {
      const { done } = position;
      if (position.etag !== etag || done?.bytes !== bytes || done.writtenBy !== writtenBy) continue;
      this.#remove(position);
      return true;
    }
    return false;
  }

  /**
   * The position of an archive with this beginning: that of its name, else one whose file was renamed or packed since.
   * @param headOf the beginning of the archive that has a name now; null when there is none
   */
  async take(
    archive: Archive,
    head: Uint8Array,
    headOf: (name: string) => Promise<Uint8Array | null>,
  ): Promise<ReplayPosition | null> {
    const position = this.#ofName(archive, head) ?? (await this.#moved(head, headOf));
    if (position) this.#remove(position);
    return position;
  }

  #ofName({ name, etag }: Archive, head: Uint8Array): ReplayPosition | null {
    const isSame = (position: ReplayPosition) => (etag === undefined ? begins(position, head) : position.etag === etag);
    return [...(this.#byName.get(name) ?? [])].find(isSame) ?? null;
  }

  /** Short files may well begin alike, and long ones too, where what was at a name is still there. */
  async #moved(head: Uint8Array, headOf: (name: string) => Promise<Uint8Array | null>): Promise<ReplayPosition | null> {
    if (head.length < HEAD_BYTES) return null;
    for (const position of this.#byHead.get(markOf(head).hash) ?? []) {
      const there = await headOf(position.name);
      if (!there || !begins(position, there)) return position;
    }
    return null;
  }

  #add(position: ReplayPosition): void {
    enter(this.#byName, position.name, position);
    if (position.etag === undefined) enter(this.#byHead, position.head.hash, position);
  }

  #remove(position: ReplayPosition): void {
    this.#byName.get(position.name)?.delete(position);
    this.#byHead.get(position.head.hash)?.delete(position);
  }
}

/** Whether content begins as that of the position did. An empty beginning would fit everything. */
function begins({ head: mark, etag }: ReplayPosition, head: Uint8Array): boolean {
  if (etag !== undefined || mark.bytes === 0 || head.length < mark.bytes) return false;
  return markOf(head.subarray(0, mark.bytes)).hash === mark.hash;
}

function enter<T>(index: Map<string, Set<T>>, key: string, value: T): void {
  const known = index.get(key);
  if (known) known.add(value);
  else index.set(key, new Set([value]));
}
