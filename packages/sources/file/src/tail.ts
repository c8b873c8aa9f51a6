import type { StreamInfo } from "@sluice/core";
import type { Entry } from "./globs.ts";
import { begins, MARK_BYTES, type Mark, markOf, NO_MARK, type Position } from "./position.ts";
import type { Reader } from "./reader.ts";

const NOTHING = Buffer.alloc(0);

/** One file (of one generation) that is followed: what is known of it, and how far it was read. */
export class Tail {
  readonly id: string;
  readonly path: string;
  readonly stream: StreamInfo;
  readonly generation: number;
  /** Where the symbolic link at `path` led to. */
  real: string | undefined;
  /** Path where it is now. */
  at: string;
  dev: string;
  ino: string;
  offset = 0;
  skipping = false;
  /** The first bytes of the content, at most {@link MARK_BYTES}. Empty while only their mark is known. */
  headBytes: Uint8Array = NOTHING;
  /** The bytes right before `offset`, while the file is open. */
  before: Uint8Array = NOTHING;
  #head: Mark = NO_MARK;
  #tail: Mark = NO_MARK;
  reader: Reader | null = null;
  packed = false;
  /** The pump is at work on it: nobody else may close it. */
  busy = false;
  /** What there is of a packed file is taken although its end is missing. */
  lenient = false;
  /** Packed size of a compressed file that was read to its end. */
  done: number | undefined;
  /** What the last look at the file saw. */
  size = 0;
  mtime = 0;
  /** When a look at the files found it at `path`, in milliseconds since the epoch. */
  seen: number | undefined;
  /** Monotonic milliseconds when the file was last seen to change. */
  changedAt = performance.now();
  /** Something may be there to read. */
  dirty = true;
  queued = false;
  /** The end was reached at the last read. */
  atEnd = false;
  /** Bytes behind `offset` at the end: an unfinished line or event. */
  unfinished = 0;
  /** What of the unfinished end is to be passed on at the next read. */
  flush: "open" | "idle" | "final" = "open";
  /** Bytes to read at a time; grows until a long line fits. */
  want = 0;
  /** How many others have to reach their ends before this one is read. */
  waitingFor = 0;
  /** Those that wait for this one's end. */
  followers: Tail[] = [];
  /** Another file stands where this one was first seen. */
  replaced = false;
  /** It was not found at any path by the last scan. */
  detached = false;
  /** It has no name any more. */
  deleted = false;
  /** It was closed when its name vanished, so that it cannot be read on. */
  lost = false;
  /** Bytes left out of the line that is being skipped. */
  skippedBytes = 0;

  constructor(entry: Entry, from: { id: string; path: string; generation: number }) {
    this.id = from.id;
    this.path = from.path;
    this.generation = from.generation;
    this.at = entry.path;
    this.dev = entry.dev;
    this.ino = entry.ino;
    this.size = entry.size;
    this.mtime = entry.mtime;
    this.stream = { id: this.id, fields: { "log.file.path": this.path }, positionField: "log.offset" };
  }

  /** A tail that goes on where a stored position ends. */
  static resumed(entry: Entry, position: Position): Tail {
    const tail = new Tail(entry, position);
    tail.offset = position.offset;
    tail.skipping = position.skipping ?? false;
    tail.#head = position.head;
    tail.#tail = position.tail;
    tail.done = position.done;
    tail.real = position.real;
    tail.seen = position.seen;
    return tail;
  }

  get head(): Mark {
    return this.#head;
  }

  /** What is stored once everything before `offset` is settled. */
  position(): Position {
    const { path, at, dev, ino, generation, id, offset } = this;
    return {
      path,
      ...(at !== path && { at }),
      ...(this.real !== undefined && { real: this.real }),
      dev,
      ino,
      generation,
      id,
      offset,
      tail: this.#tail,
      head: this.#head,
      ...(this.skipping && { skipping: true as const }),
      ...(this.done !== undefined && { done: this.done }),
      ...(this.seen !== undefined && { seen: this.seen }),
    };
  }

  /** Takes the first bytes of the content, which later tell whether a file is this one. */
  learnHead(bytes: Uint8Array): void {
    if (bytes.length <= this.headBytes.length) return;
    this.headBytes = Uint8Array.from(bytes.subarray(0, MARK_BYTES));
    if (this.headBytes.length > this.#head.bytes) this.#head = markOf(this.headBytes);
  }

  /** Takes over the bytes before `offset`, read from the file; false when they are not what they were. */
  recall(bytes: Uint8Array): boolean {
    if (bytes.length !== this.#tail.bytes || !begins(this.#tail, bytes)) return false;
    this.before = Uint8Array.from(bytes);
    return true;
  }

  /** Begins at `offset` instead of the beginning, behind the bytes `before`. */
  startAt(offset: number, before: Uint8Array): void {
    this.offset = offset;
    this.before = Uint8Array.from(before.subarray(-MARK_BYTES));
    this.#tail = markOf(this.before);
  }

  /** Moves on by `count` bytes, the first of `bytes`, which were read at `offset`. */
  advance(bytes: Uint8Array, count: number): void {
    if (count === 0) return;
    if (this.offset < MARK_BYTES && this.offset <= this.headBytes.length) {
      this.learnHead(Buffer.concat([this.headBytes.subarray(0, this.offset), bytes.subarray(0, MARK_BYTES)]));
    }
    const joined =
      count >= MARK_BYTES ? bytes.subarray(0, count) : Buffer.concat([this.before, bytes.subarray(0, count)]);
    this.before = Uint8Array.from(joined.subarray(-MARK_BYTES));
    this.offset += count;
    this.#tail = markOf(this.before);
  }

  /** Notes what a look at the file saw; true when it changed. */
  look(size: number, mtime: number): boolean {
    if (size === this.size && mtime === this.mtime) return false;
    this.size = size;
    this.mtime = mtime;
    this.changedAt = performance.now();
    this.dirty = true;
    this.flush = "open";
    return true;
  }

  close(): void {
    this.reader?.close();
    this.reader = null;
    this.before = NOTHING;
  }
}
