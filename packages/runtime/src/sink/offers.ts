import { count, type EncodedBatch } from "@sluice/core";
import type { PartResult } from "../acks/settlement.ts";
import { free } from "../memory.ts";
import { concat, cut, fitting, frameStart } from "./frames.ts";

/** The frames of one encoded batch on their way to a sink; settled when each of them is. */
class Part {
  readonly batch: EncodedBatch;
  readonly since: number;
  /** First frame that is in no offer yet. */
  next = 0;
  #open: number;
  readonly #settle: (result: PartResult) => void;
  readonly #result = { delivered: 0, deliveredBytes: 0, dropped: {} as Record<string, number> };

  constructor(batch: EncodedBatch, now: number, settle: (result: PartResult) => void) {
    this.batch = batch;
    this.since = now;
    this.#open = batch.ends.length;
    this.#settle = settle;
  }

  delivered(frames: number, bytes: number): void {
    this.#result.delivered += frames;
    this.#result.deliveredBytes += bytes;
    this.#close(frames);
  }

  dropped(frames: number, reason: string): void {
    if (frames > 0) count(this.#result.dropped, reason, frames);
    this.#close(frames);
  }

  #close(frames: number): void {
    this.#open -= frames;
    if (this.#open === 0) this.#settle(this.#result);
  }
}

interface Share {
  readonly part: Part;
  readonly frames: number;
}

/** What is given to one `write`: frames of one or more parts, offered again until it is settled. */
export class Offer {
  readonly seq: number;
  readonly batch: EncodedBatch;
  failures = 0;
  readonly #shares: readonly Share[];

  constructor(seq: number, batch: EncodedBatch, shares: readonly Share[]) {
    this.seq = seq;
    this.batch = batch;
    this.#shares = shares;
  }

  /** Gives the frames' memory back, unless an attempt failed: what that has begun may still read it. */
  release(): void {
    if (this.failures === 0) free(this.batch.bytes.buffer);
  }

  /** Settles all frames: delivered, but for those that `lost` names. */
  settle(lost: ReadonlySet<number>, reason: string): void {
    let from = 0;
    for (const { part, frames } of this.#shares) {
      const [dropped, droppedBytes] = this.#lostIn(from, from + frames, lost);
      const bytes = frameStart(this.batch, from + frames) - frameStart(this.batch, from);
      from += frames;
      if (dropped > 0) part.dropped(dropped, reason);
      if (dropped < frames) part.delivered(frames - dropped, bytes - droppedBytes);
    }
  }

  #lostIn(from: number, to: number, lost: ReadonlySet<number>): [frames: number, bytes: number] {
    let frames = 0;
    let bytes = 0;
    if (lost.size === 0) return [0, 0];
    for (let i = from; i < to; i++) {
      if (!lost.has(i)) continue;
      frames++;
      bytes += frameStart(this.batch, i + 1) - frameStart(this.batch, i);
    }
    return [frames, bytes];
  }
}

/** Limits of one write; `age` in milliseconds. */
export interface BatchLimits {
  readonly events: number;
  readonly bytes: number;
  readonly age: number;
}

/** Encoded batches waiting for a write: small ones are joined and large ones are split into offers of the sink's size. */
export class OfferQueue {
  readonly #limits: BatchLimits;
  readonly #enough: number;
  readonly #splits: boolean;
  readonly #parts: Part[] = [];
  #seq = 0;
  events = 0;
  bytes = 0;

  /**
   * @param enough Bytes that are worth a write to a sink that streams: joining more, or splitting, would only be
   * copying. Undefined for sinks to which a write is one request.
   */
  constructor(limits: BatchLimits, enough?: number) {
    this.#limits = limits;
    this.#splits = enough === undefined;
    this.#enough = Math.min(enough ?? limits.bytes, limits.bytes);
  }

  push(batch: EncodedBatch, now: number, settle: (result: PartResult) => void): void {
    this.#parts.push(new Part(batch, now, settle));
    this.events += batch.ends.length;
    this.bytes += batch.bytes.length;
  }

  /** Milliseconds until the next offer should go: 0 when it is full or old enough, Infinity when there is none. */
  dueIn(now: number): number {
    const first = this.#parts[0];
    if (!first) return Number.POSITIVE_INFINITY;
    if (this.events >= this.#limits.events || this.bytes >= this.#enough) return 0;
    return Math.max(0, first.since + this.#limits.age - now);
  }

  /** The next offer: whole parts as long as they fit into the limits, or what fits of one that is too large. */
  take(): Offer | undefined {
    const shares: Share[] = [];
    const pieces: EncodedBatch[] = [];
    const { events, bytes } = this.#limits;
    let gathered = 0;
    let count = 0;
    for (let part = this.#parts[0]; part && gathered < this.#enough; part = this.#parts[0]) {
      const left = part.batch.ends.length - part.next;
      const frames = this.#splits ? fitting(part.batch, part.next, events - count, bytes - gathered) : left;
      if (pieces.length > 0 && frames < left) break;
      const size = frameStart(part.batch, part.next + frames) - frameStart(part.batch, part.next);
      if (pieces.length > 0 && gathered + size > bytes) break;
      pieces.push(cut(part.batch, part.next, part.next + frames));
      shares.push({ part, frames });
      gathered += size;
      count += frames;
      this.#advance(part, frames, size);
      if (count >= events) break;
    }
    return pieces.length > 0 ? new Offer(this.#seq++, concat(pieces), shares) : undefined;
  }

  /** Drops the oldest part that is in no offer yet. Returns its bytes, or 0 when there is none. */
  dropOldest(reason: string): number {
    const part = this.#parts[0];
    if (!part) return 0;
    const frames = part.batch.ends.length - part.next;
    const size = part.batch.bytes.length - frameStart(part.batch, part.next);
    this.#advance(part, frames, size);
    part.dropped(frames, reason);
    return size;
  }

  #advance(part: Part, frames: number, size: number): void {
    part.next += frames;
    this.events -= frames;
    this.bytes -= size;
    if (part.next === part.batch.ends.length) this.#parts.shift();
  }
}
