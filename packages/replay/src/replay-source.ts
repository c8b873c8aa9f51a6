import { setTimeout as sleep } from "node:timers/promises";
import { DamagedArchiveError } from "@sluice/archive";
import { ObjectChangedError, s3Fault } from "@sluice/aws/faults";
import {
  errorText,
  orStopped,
  type Source,
  type SourceBatch,
  type SourceContext,
  type StreamInfo,
  type Value,
} from "@sluice/core";
import type { Archive } from "./archive.ts";
import { isOfMultilog } from "./files.ts";
import { Pace } from "./pace.ts";
import { newPosition, type ReplayPosition, StoredPositions } from "./position.ts";
import { ArchiveReader, ReadFailure, readHead } from "./reader.ts";

/** Attempts at an object without progress, and milliseconds before the second of them; each further waits twice as long. */
const ATTEMPTS = 5;
const RETRY_MS = 250;

export interface ReplayOptions {
  /** In the order in which they are replayed. */
  readonly archives: readonly Archive[];
  /** Lines a second; as fast as it goes when undefined. */
  readonly rate?: number | undefined;
  /** Leave TAI64N stamps on the lines: the pipeline's own steps read them. */
  readonly keepStamps?: boolean;
}

/** An archive of which something could not be read. */
export interface Damage {
  readonly name: string;
  readonly reason: string;
}

/** Reads archives, one after the other. */
export class ReplaySource implements Source {
  /** Rotated files are one log: what one of them ends with must not overtake its beginning. */
  readonly ordered = true;
  readonly #options: ReplayOptions;
  readonly #pace: Pace | null;
  /** Stored bytes of the archives before the one at work. */
  #before = 0;
  /** Stored bytes that were read, of all that there are. */
  readonly progress: { bytes: number; readonly total: number };
  readonly damages: Damage[] = [];
  /** All archives were read to their end, or to their damage. */
  finished = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#pace = options.rate === undefined ? null : new Pace(options.rate);
    this.progress = { bytes: 0, total: options.archives.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async run(ctx: SourceContext): Promise<void> {
    const stored = new StoredPositions(ctx.state.all());
    const done = new Set(this.#options.archives.filter((archive) => stored.takeDone(archive)));
    for (const archive of this.#options.archives) {
      if (ctx.stop.aborted) return;
      if (!done.has(archive)) await this.#replay(archive, stored, ctx);
      this.#before += archive.bytes;
      this.progress.bytes = this.#before;
    }
    this.finished = !ctx.stop.aborted;
  }

  async #replay(archive: Archive, stored: StoredPositions, ctx: SourceContext): Promise<void> {
    let position: ReplayPosition | null = null;
    for (let attempt = 1; !ctx.stop.aborted; attempt++) {
      const reader = new ArchiveReader(archive, ctx.stop);
      const reached: number = position?.offset ?? -1;
      try {
        position ??= await this.#begin(archive, stored, ctx);
        if (position) position = await this.#read(reader, position, archive, ctx);
        return;
      } catch (error) {
        if (!(error instanceof ReadFailure)) throw error;
        position = error.position ?? position;
        if ((position?.offset ?? -1) > reached) attempt = 1;
        if (ctx.stop.aborted) return;
        if (!isTransient(error.cause, archive) || attempt >= ATTEMPTS) return this.#damaged(archive, error, ctx);
        ctx.log.warn({ archive: archive.name, error: reasonOf(error.cause, archive) }, "reading is tried again");
        await sleep(RETRY_MS * 2 ** attempt, undefined, { signal: ctx.stop }).catch(() => {});
      }
    }
  }

  /** Where to begin; null when it is no log. */
  async #begin(archive: Archive, stored: StoredPositions, ctx: SourceContext): Promise<ReplayPosition | null> {
    const head = archive.etag === undefined ? await readHead(archive, ctx.stop) : new Uint8Array();
    const known = await stored.take(archive, head, (name) => this.#headOf(name, ctx.stop));
    if (known) return known;
    if (archive.isFound && head.includes(0)) {
      ctx.log.warn({ archive: archive.name }, "left out: it is no text");
      return null;
    }
    const position = newPosition(archive, head);
    ctx.state.put(new Map([[position.id, position as unknown as Value]]));
    return position;
  }

  async #headOf(name: string, stop: AbortSignal): Promise<Uint8Array | null> {
    const archive = this.#options.archives.find((candidate) => candidate.name === name);
    return archive ? readHead(archive, stop) : null;
  }

  async #read(
    reader: ArchiveReader,
    from: ReplayPosition,
    archive: Archive,
    ctx: SourceContext,
  ): Promise<ReplayPosition> {
    const { id } = from;
    const stream: StreamInfo = {
      id,
      fields: { "log.file.path": from.name },
      positionField: "log.offset",
      mayHoldEvents: true,
    };
    const common = { stream, streamKey: id, ...(archive.writtenBy !== undefined && { writtenBy: archive.writtenBy }) };
    const stamps = this.#options.keepStamps ? false : isOfMultilog(archive.name) || "detect";
    const send = (batch: SourceBatch) => orStopped(ctx.emit(batch), ctx.stop);
    let position: ReplayPosition = from;
    for await (const batch of reader.batches(from, stamps, this.#pace?.maxLines)) {
      if (ctx.stop.aborted) return position;
      await this.#pace?.wait(batch, ctx.stop);
      if (ctx.stop.aborted) return position;
      position = { ...position, ...batch.end };
      reader.reached = position;
      await send({ ...common, data: batch.data, framing: batch.framing, position: position as unknown as Value });
      this.progress.bytes = this.#before + reader.storedUpTo(position.offset);
    }
    if (ctx.stop.aborted) return position;
    const done = { ...position, done: { bytes: archive.bytes, writtenBy: archive.writtenBy ?? 0 } } as unknown as Value;
    await send({
      ...common,
      data: new Uint8Array(),
      framing: { kind: "lines", base: position.offset },
      position: done,
    });
    return position;
  }

  #damaged(archive: Archive, { cause, position }: ReadFailure, ctx: SourceContext): void {
    const reason = reasonOf(cause, archive);
    const offset = position?.offset ?? 0;
    this.damages.push({ name: archive.name, reason });
    const message = `${archive.name}: ${reason}; replayed up to byte ${offset} of its content`;
    ctx.log.error({ archive: archive.name, offset, code: "SLUICE_SOURCE" }, message);
  }
}

/** Whether another attempt may go better: the store or the way to it failed, not the archive. */
function isTransient(cause: unknown, { etag }: Archive): boolean {
  return etag !== undefined && !(cause instanceof DamagedArchiveError || cause instanceof ObjectChangedError);
}

function reasonOf(cause: unknown, { name, etag }: Archive): string {
  if (cause instanceof DamagedArchiveError || cause instanceof ObjectChangedError) return cause.message;
  return etag === undefined ? errorText(cause) : s3Fault(cause, `cannot read ${name}`).message;
}
