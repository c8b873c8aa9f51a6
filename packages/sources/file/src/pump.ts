import type { Split, Splitter } from "@sluice/archive";
import type { SourceContext } from "@sluice/core";
import type { Catalog } from "./catalog.ts";
import { findCopy } from "./copies.ts";
import { bomLength, type Encoding } from "./encoding.ts";
import type { Fleet } from "./fleet.ts";
import { keyOf } from "./globs.ts";
import type { Identifier } from "./identify.ts";
import type { Opener } from "./opening.ts";
import { begins, toValue } from "./position.ts";
import type { Bytes, Reader } from "./reader.ts";
import type { Stopping } from "./stopping.ts";
import type { Tail } from "./tail.ts";
import { isShortage, type Troubles } from "./troubles.ts";
import type { Turns } from "./turns.ts";

const SMALLEST_READ = 4096;

export interface PumpParts {
  readonly ctx: SourceContext;
  readonly stopping: Stopping;
  /** Whoever decides which file is which stream takes turns. */
  readonly turns: Turns;
  readonly fleet: Fleet;
  readonly catalog: Catalog;
  readonly opener: Opener;
  readonly identifier: Identifier;
  readonly troubles: Troubles;
  readonly splitter: Splitter;
  readonly encoding: Encoding;
  readonly chunk: number;
}

/** Reads the queued files in turn, one chunk each, and hands their records on: at most one batch ahead of the pipeline. */
export class Pump {
  readonly #parts: PumpParts;
  #accepted: Promise<void> = Promise.resolve();

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Reads until nothing is queued, or `ctx.stop`. Rejects when the pipeline takes nothing more. */
  async drain(): Promise<void> {
    const { fleet, ctx } = this.#parts;
    for (let tail = fleet.next(); tail && !ctx.stop.aborted; tail = fleet.next()) {
      tail.busy = true;
      try {
        await this.#step(tail);
      } finally {
        tail.busy = false;
      }
    }
  }

  /** Resolves when the pipeline has accepted everything that was read, or at `ctx.stop`. */
  async settle(): Promise<void> {
    await this.#parts.stopping.or(this.#accepted);
  }

  async #step(tail: Tail): Promise<void> {
    const { troubles, fleet } = this.#parts;
    if (tail.waitingFor > 0 || !this.#isFollowed(tail)) return;
    if (tail.done !== undefined || !troubles.mayTry(tail.id, tail.size)) return fleet.release(tail);
    let split: { readonly piece: Bytes; readonly split: Split } | null;
    try {
      tail.dirty = false;
      split = await this.#read(tail);
      troubles.over(tail.id, tail.at);
    } catch (error) {
      this.#failed(tail, error);
      return;
    }
    if (split) await this.#pass(tail, split.piece, split.split);
    if (tail.atEnd && !tail.dirty) fleet.release(tail);
    else if (this.#isFollowed(tail)) fleet.enqueue(tail);
  }

  #isFollowed(tail: Tail): boolean {
    return this.#parts.fleet.tails.get(keyOf(tail)) === tail;
  }

  #failed(tail: Tail, error: unknown): void {
    const { fleet, troubles, ctx } = this.#parts;
    const { code } = error as NodeJS.ErrnoException;
    if (ctx.stop.aborted) return;
    tail.dirty = true;
    tail.atEnd = false;
    fleet.closed(tail);
    if (ctx.finite && code === "Z_BUF_ERROR" && !tail.lenient) return this.#takeTorn(tail);
    if (isShortage(error)) fleet.closeIdle(50);
    if (code !== "ENOENT") troubles.failed(tail.id, tail.at, error, tail.size);
    fleet.release(tail);
  }

  /** The end of a packed file is missing, and there is no later in which it could come: what there is, is taken. */
  #takeTorn(tail: Tail): void {
    this.#parts.ctx.log.warn({ path: tail.at }, "the end of this packed file is missing");
    tail.lenient = true;
    this.#parts.fleet.enqueue(tail);
  }

  /** One chunk, cut into records; null when there is nothing to pass on from this read. */
  async #read(tail: Tail) {
    const { splitter, ctx, fleet } = this.#parts;
    const reader = tail.reader ?? (await this.#reopen(tail));
    if (!reader) return null;
    fleet.opened(tail);
    const piece = await reader.read(tail.offset, tail.before, this.#want(tail));
    // At offset 0 nothing lies before the position: there the beginning itself tells whether it is still that file.
    if (piece === null || (tail.offset === 0 && !begins(tail.head, piece.bytes))) {
      await this.#parts.turns.take(() => this.#restart(tail));
      return null;
    }
    if (tail.offset === 0 && this.#skipBom(tail, piece)) return null;
    const last = tail.packed || ctx.finite ? "final" : tail.flush;
    const ending = piece.end ? last : "open";
    const { offset: base, skipping } = tail;
    return { piece, split: splitter.split({ bytes: piece.bytes, base, skipping, ending }) };
  }

  async #reopen(tail: Tail): Promise<Reader | null> {
    const state = await this.#parts.opener.reopen(tail);
    if (state === "changed") await this.#parts.turns.take(() => this.#restart(tail));
    if (state === "moved") tail.atEnd = true;
    if (state !== "ready") return null;
    if (tail.lenient) tail.reader?.restart(true);
    return tail.reader;
  }

  #want(tail: Tail): number {
    const { chunk } = this.#parts;
    if (tail.want > 0) return tail.want;
    if (tail.packed) return chunk;
    // A little more than is known to be there, so that the end shows at once.
    return Math.min(chunk, Math.max(SMALLEST_READ, tail.size - tail.offset + 1));
  }

  #skipBom(tail: Tail, piece: Bytes): boolean {
    const length = bomLength(this.#parts.encoding, piece.bytes);
    if (length > 0) tail.advance(piece.bytes, length);
    tail.atEnd = false;
    return length > 0;
  }

  async #pass(tail: Tail, piece: Bytes, split: Split): Promise<void> {
    const { splitter, catalog, fleet } = this.#parts;
    tail.advance(piece.bytes, split.consumed);
    tail.skipping = split.skipping;
    tail.atEnd = piece.end;
    tail.unfinished = piece.bytes.length - split.consumed;
    const stuck = split.consumed === 0 && !piece.end;
    tail.want = stuck ? Math.max(tail.want, Math.min(piece.bytes.length * 2, splitter.enough)) : 0;
    this.#countSkipped(tail, split);
    if (piece.end && tail.packed) {
      tail.done = tail.reader?.stat().size ?? tail.size;
      fleet.closed(tail);
    }
    if (split.records) await this.#emit(tail, split.records);
    if (tail.done !== undefined) catalog.note(tail);
  }

  #countSkipped(tail: Tail, split: Split): void {
    tail.skippedBytes += split.skipped;
    if (tail.skipping || tail.skippedBytes === 0) return;
    const { at: path, skippedBytes: bytes } = tail;
    this.#parts.ctx.log.warn({ path, bytes }, "left out what was longer than max_line_bytes");
    tail.skippedBytes = 0;
  }

  async #emit(tail: Tail, records: NonNullable<Split["records"]>): Promise<void> {
    const { catalog, ctx } = this.#parts;
    const position = toValue(tail.position());
    await this.settle();
    if (ctx.stop.aborted) return;
    this.#accepted = catalog.send({ ...records, stream: tail.stream, streamKey: tail.id, position });
    this.#accepted.catch(() => {});
  }

  /** The file is not the one it was: its stream ends, perhaps in a copy of it, and another begins. */
  async #restart(tail: Tail): Promise<void> {
    const { fleet, catalog, opener, identifier, ctx } = this.#parts;
    ctx.log.info({ path: tail.at }, "file was truncated or written anew; it is read from its beginning");
    fleet.retire(tail);
    const position = tail.position();
    const copy = await findCopy(position, opener, (entry) => fleet.tails.has(keyOf(entry)));
    const rest = copy && identifier.adopt(copy.entry, copy.opened, position, copy.before);
    if (rest) {
      fleet.add(rest);
      fleet.precedes(rest, tail.at);
    }
    const renewed = await identifier.renew(tail);
    if (renewed?.isNew) catalog.introduce([renewed.tail]);
    if (renewed) fleet.add(renewed.tail);
  }
}
