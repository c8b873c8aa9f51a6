import type { Screen } from "@sluice/core";
import { type Edit, type Find, findEdits, lineStart } from "./edits.ts";
import { isContinuation, Place } from "./place.ts";
import { suspectParts } from "./suspect-parts.ts";

/** Is told of everything that was replaced, where it stood in the input. */
export type OnFound = (rule: string, place: Readonly<Place>) => void;

const NEWLINE = 10;
/**
 * Bytes of neighbouring lines that are looked at together with a line: a keyword may stand above its secret. Lines wait
 * for that many bytes to follow, or until `flush`.
 */
const NEIGHBOURS = 1024;
/** Waiting bytes that are worth a look. */
const WORTHWHILE = 4 * NEIGHBOURS;
/** A private key is looked at as a whole, up to this size. */
const MAX_KEY = 65_536;
/** A longer line is done in pieces. */
const MAX_PIECE = 1_048_576;

export interface Search {
  readonly find: Find;
  /** Tells lines that `find` need not look at; null: it looks at all. */
  readonly screen: Screen | null;
}

/** What may come after the waiting bytes: more at once, nothing for a while, or nothing at all. */
type Next = "more" | "pause" | "end";

/**
 * Replaces what `find` finds in a stream of bytes, and gives every other byte back as it came. Memory is bounded,
 * whatever the length of a line.
 */
export class SanitizingStream {
  readonly #search: Search;
  readonly #onFound: OnFound;
  readonly #place = new Place();
  /** What went out last, as it came: it is looked at again together with what follows. */
  #before: Buffer = Buffer.alloc(0);
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #hasNewline = false;

  constructor(search: Search, onFound: OnFound) {
    this.#search = search;
    this.#onFound = onFound;
  }

  /** Whether `flush` would give something. */
  get hasLines(): boolean {
    return this.#hasNewline;
  }

  /** Takes bytes and gives what can go out. */
  push(chunk: Buffer): Buffer[] {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    this.#hasNewline ||= chunk.includes(NEWLINE);
    return this.#waitingBytes > (this.#hasNewline ? WORTHWHILE : MAX_PIECE) ? this.#release("more") : [];
  }

  /** Gives all whole lines: nothing has come for a while that could belong to them. */
  flush(): Buffer[] {
    return this.#hasNewline ? this.#release("pause") : [];
  }

  /** Gives all that is left. */
  end(): Buffer[] {
    return this.#waitingBytes > 0 ? this.#release("end") : [];
  }

  #release(next: Next): Buffer[] {
    const known = this.#before.length;
    const bytes = Buffer.concat([this.#before, ...this.#waiting]);
    const { find, screen } = this.#search;
    const parts = suspectParts(bytes, screen, { neighbours: NEIGHBOURS, maxKey: MAX_KEY });
    const edits = parts.flatMap((part) => findEdits(bytes, part, find)).filter(({ end }) => end > known);
    // A private key is suspect, so there is none where nothing is.
    const openKeyBefore = (end: number) => (parts.length > 0 ? openKey(bytes, end) : undefined);
    const key = next === "more" ? openKeyBefore(bytes.length) : undefined;
    const until = next === "end" ? bytes.length : boundary(bytes, known, edits, { next, key });
    const out: Buffer[] = [];
    let at = known;
    for (const edit of edits) {
      if (edit.start >= until) break;
      const untouched = bytes.subarray(at, Math.max(edit.start, at));
      this.#place.pass(untouched);
      if (!edit.goesOn) this.#onFound(edit.rule, this.#place);
      this.#place.pass(bytes.subarray(at + untouched.length, edit.end));
      out.push(untouched, edit.bytes);
      at = edit.end;
    }
    this.#place.pass(bytes.subarray(at, until));
    out.push(bytes.subarray(at, until));
    const from = neighboursFrom(bytes, until);
    this.#keep(bytes, Math.min(from, openKeyBefore(until) ?? from), until);
    return out.filter((part) => part.length > 0);
  }

  #keep(bytes: Buffer, from: number, until: number): void {
    this.#before = Buffer.from(bytes.subarray(from, until));
    const rest = bytes.subarray(until);
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#waitingBytes = rest.length;
    this.#hasNewline = rest.includes(NEWLINE);
  }
}

interface Ahead {
  readonly next: Next;
  /** Where a private key begins that does not end yet. */
  readonly key: number | undefined;
}

/** Up to where bytes can go out: a line end where possible, never inside of an edit. */
function boundary(bytes: Buffer, known: number, edits: readonly Edit[], { next, key }: Ahead): number {
  const limit = next === "pause" ? bytes.length : Math.max(known, bytes.length - NEIGHBOURS);
  let until = Math.max(known, lineStart(bytes, limit));
  const isLong = until === known && bytes.length - known > MAX_PIECE;
  if (isLong) until = characterStart(bytes, limit);
  until = Math.max(known, Math.min(until, key ?? until));
  const cut = edits.find((edit) => edit.start < until && edit.end > until);
  if (!cut) return until;
  return cut.start > known && bytes.length - cut.start <= MAX_PIECE ? cut.start : cut.end;
}

/** Where the bytes start that are to be looked at again with what follows. */
function neighboursFrom(bytes: Buffer, until: number): number {
  const nearest = Math.max(0, until - NEIGHBOURS);
  const line = lineStart(bytes, nearest);
  return nearest - line > NEIGHBOURS ? characterStart(bytes, nearest) : line;
}

/** The start of the line on which a private key begins that does not end before `until`. */
function openKey(bytes: Buffer, until: number): number | undefined {
  const from = Math.max(0, until - MAX_KEY);
  const part = bytes.subarray(from, until);
  const begin = part.lastIndexOf("BEGIN ");
  const isOpen = begin !== -1 && part.indexOf("END ", begin) === -1;
  if (!isOpen || !part.subarray(begin, begin + 64).includes("PRIVATE KEY")) return undefined;
  return from + lineStart(part, begin);
}

function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start > at - 3 && start > 0 && isContinuation(bytes[start] as number)) start--;
  return start;
}
