import type { ListedObject } from "@sluice/aws";
import type { SourceState, Value } from "@sluice/core";

/** Stream under which the cursor is stored: all objects are one stream, so that their order is kept. */
export const STREAM_KEY = "objects";
const NOTE = "object:";

/** The object at work. */
export interface ObjectPosition {
  readonly key: string;
  readonly etag: string;
  /** Bytes of the unpacked content that are done with. */
  readonly offset: number;
  readonly skipping: boolean;
}

/**
 * How far the bucket is read. It is read in passes, each in the order of the keys; the next pass takes what came behind the
 * back of this one.
 */
export interface Cursor {
  readonly pass: number;
  /** When the pass began, in milliseconds since the epoch. What it may miss came into being after that. */
  readonly started: number;
  /** Objects dated before this were dealt with in earlier passes. */
  readonly horizon: number;
  /** In this pass, all objects up to this key are dealt with. */
  readonly after: string;
  /** Objects of this pass are only noted: they existed before sluice did. */
  readonly passOver?: boolean;
  readonly object?: ObjectPosition;
}

/** What is remembered of one object that is dated behind the horizon. */
interface Note {
  readonly etag: string;
  readonly modified: number;
  /** The pass that dealt with it. */
  readonly pass: number;
  /** It could not be read: the next pass tries again from here. */
  readonly retry?: ObjectPosition;
  /** From where this pass tried again. */
  readonly before?: ObjectPosition;
}

/**
 * Knows which objects are still to be read. What it stores is bounded: the cursor, and a note for each object that is dated
 * after the beginning of the last pass, or within the lookback before it.
 *
 * A note is stored before the cursor moves past its object, so after a restart those that lie behind
 * the cursor are void.
 */
export class Progress {
  readonly #state: SourceState;
  readonly #lookback: number;
  readonly #notes = new Map<string, Note>();
  cursor: Cursor;

  /** @param now milliseconds since the epoch; stores want it to agree with their own clock within a quarter of an hour */
  constructor(state: SourceState, options: { lookback: number; passOver: boolean; now: number }) {
    this.#state = state;
    this.#lookback = options.lookback;
    const stored = state.all();
    const first: Cursor = {
      pass: 1,
      started: options.now,
      horizon: 0,
      after: "",
      ...(options.passOver && { passOver: true }),
    };
    this.cursor = (stored.get(STREAM_KEY) as unknown as Cursor | undefined) ?? first;
    for (const [name, value] of stored) {
      if (name.startsWith(NOTE)) this.#recall(name.slice(NOTE.length), value as unknown as Note);
    }
  }

  /** Takes a stored note over; a void one gives way to what was known before it. */
  #recall(key: string, note: Note): void {
    const { pass, after } = this.cursor;
    const isVoid = note.pass > pass || (note.pass === pass && isAfter(key, after));
    if (!isVoid) this.#notes.set(key, note);
    else if (note.before)
      this.#store(key, { etag: note.etag, modified: note.modified, pass: pass - 1, retry: note.before });
    else this.#state.remove([NOTE + key]);
  }

  #store(key: string, note: Note): void {
    this.#notes.set(key, note);
    this.#state.put(new Map([[NOTE + key, note as unknown as Value]]));
  }

  /** Where to begin in an object; null when it needs no reading. */
  begin({ key, etag, modified }: ListedObject): ObjectPosition | null {
    const { object, horizon } = this.cursor;
    if (object?.key === key && object.etag === etag) return object;
    const note = this.#notes.get(key);
    const start: ObjectPosition = { key, etag, offset: 0, skipping: false };
    if (note?.retry) return note.retry.etag === etag ? note.retry : start;
    if (modified < horizon || (note && note.etag === etag)) return null;
    return start;
  }

  /** The cursor within an object. */
  within(object: ObjectPosition): Cursor {
    this.cursor = { ...this.cursor, object };
    return this.cursor;
  }

  /** The cursor behind an object that was dealt with; `retry` when it has to be read on in the next pass. */
  behind({ key, etag, modified }: ListedObject, retry?: ObjectPosition): Cursor {
    const { object: _, ...rest } = this.cursor;
    const before = this.#notes.get(key)?.retry;
    const note: Note = { etag, modified, pass: rest.pass, ...(retry && { retry }), ...(before && { before }) };
    if (retry || before || modified >= this.#nextHorizon()) this.#store(key, note);
    this.cursor = { ...rest, after: key };
    return this.cursor;
  }

  /** The cursor at the beginning of the next pass. */
  nextPass(now: number): Cursor {
    this.cursor = { pass: this.cursor.pass + 1, started: now, horizon: this.#nextHorizon(), after: "" };
    return this.cursor;
  }

  /** What is dated before it, the pass at work sees; what is not, it may have missed. */
  #nextHorizon(): number {
    return Math.max(this.cursor.horizon, this.cursor.started - this.#lookback);
  }

  /** Objects that are to be read on in the next pass. */
  get toRetry(): number {
    let count = 0;
    for (const { retry } of this.#notes.values()) if (retry) count++;
    return count;
  }

  /** Forgets what lies before the horizon, once that is stored: until then a restart may still need it. */
  prune(): void {
    const { horizon, pass } = this.cursor;
    const old = [...this.#notes]
      .filter(([, note]) => note.modified < horizon && note.pass < pass && !note.retry)
      .map(([key]) => key);
    if (old.length === 0) return;
    const stored = this.#state.all().get(STREAM_KEY) as unknown as Cursor | undefined;
    if ((stored?.pass ?? 0) < pass) return;
    for (const key of old) this.#notes.delete(key);
    this.#state.remove(old.map((key) => NOTE + key));
  }
}

/** Order of keys in listings: by their bytes in UTF-8. */
export function isAfter(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}
