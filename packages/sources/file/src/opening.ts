import { packingOf } from "@sluice/archive";
import { keyOf } from "./globs.ts";
import { PackedReader } from "./packed-reader.ts";
import { begins, MARK_BYTES, type Position } from "./position.ts";
import { type OpenStat, openReader, type PlainReader, type Reader } from "./reader.ts";
import type { Tail } from "./tail.ts";

const NOTHING = Buffer.alloc(0);

/** An open file and the first bytes of its content. */
export interface Opened {
  readonly reader: Reader;
  readonly head: Uint8Array;
  readonly packed: boolean;
  readonly stat: OpenStat;
}

/** Opens files the way the options want them read. */
export class Opener {
  readonly #unpack: boolean;

  constructor(compressed: "auto" | "off") {
    this.#unpack = compressed === "auto";
  }

  /** Opens the file at `path`. Rejects with the system's error, or because a packed file cannot be unpacked. */
  async open(path: string): Promise<Opened> {
    const file = await openReader(path);
    try {
      return await this.#begin(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async #begin(file: PlainReader): Promise<Opened> {
    const raw = (await file.read(0, NOTHING, MARK_BYTES))?.bytes ?? NOTHING;
    const packing = this.#unpack ? packingOf(raw) : null;
    if (!packing) return { reader: file, head: raw, packed: false, stat: file.stat() };
    const reader = new PackedReader(file, packing);
    const head = (await reader.read(0, NOTHING, MARK_BYTES))?.bytes ?? NOTHING;
    return { reader, head, packed: true, stat: file.stat() };
  }

  /**
   * Opens a tail's file where it stopped. `moved`: another file is at its path now. `changed`: it is this inode, but
   * what was read before is not in it any more.
   */
  async reopen(tail: Tail, path: string = tail.at): Promise<"ready" | "moved" | "changed"> {
    const opened = await this.open(path);
    const moved = keyOf(opened.stat) !== keyOf(tail);
    const before = moved ? null : await bytesBefore(opened, tail.position());
    if (moved || before === null) {
      opened.reader.close();
      return moved ? "moved" : "changed";
    }
    tail.learnHead(opened.head);
    tail.before = before;
    tail.reader = opened.reader;
    tail.packed = opened.packed;
    return "ready";
  }
}

/** The bytes before the position when the content is the stream's one up to there, or null. */
export async function bytesBefore(opened: Opened, position: Position): Promise<Uint8Array | null> {
  const { head, tail, offset } = position;
  if (!begins(head, opened.head)) return null;
  if (tail.bytes === 0) return NOTHING;
  const piece = await opened.reader.read(offset - tail.bytes, NOTHING, tail.bytes);
  return piece && piece.bytes.length === tail.bytes && begins(tail, piece.bytes) ? piece.bytes : null;
}
