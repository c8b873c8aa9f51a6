import {
  type BatchOrigin,
  type CreateContext,
  type CutRange,
  errorText,
  type JournalledCut,
  type OfferedBatch,
  type StreamingSinkContext,
} from "@sluice/core";
import { Cut, type CutNote, type CutObject } from "./cut.ts";
import { keyTemplate } from "./key-template.ts";
import { ObjectWriter } from "./object-writer.ts";
import type { S3Options } from "./options.ts";
import { type Parcel, Partitioner } from "./partition.ts";
import type { Uploads } from "./uploads.ts";

/** A cut whose input never comes again is forgotten after this time. */
const FORGET_MS = 30 * 86_400_000;
/** Note of the loss of state after which uploads were looked for. */
const SWEPT = "swept";

/** What earlier runs have left: cuts that are to be repeated as they were, and cuts that are stored already. */
export class Recovery {
  readonly #options: S3Options;
  readonly #ctx: StreamingSinkContext;
  readonly #uploads: Uploads;
  readonly #waiting = new Set<Cut>();
  readonly #stored: JournalledCut[] = [];
  readonly #partitioners = new Map<number, Partitioner>();

  constructor(options: S3Options, ctx: StreamingSinkContext, uploads: Uploads) {
    this.#options = options;
    this.#ctx = ctx;
    this.#uploads = uploads;
  }

  /** Aborts stale uploads, and finds out what became of each cut. In this order: an upload may not complete afterwards. */
  async prepare(own: Pick<CreateContext, "pipeline" | "hostname">): Promise<void> {
    await this.#uploads.abortStale();
    await this.#sweepForgotten(own);
    const cuts = this.#ctx.state.cuts();
    for (const cut of cuts) await this.#prepareCut(cut);
    if (cuts.length === 0) return;
    const fields = { stored: this.#stored.length, again: this.#waiting.size };
    this.#ctx.log.info(fields, "going on with what an earlier run has begun");
  }

  /** Uploads whose notes were lost are found by the names that they have, once. What cannot be aborted now is told. */
  async #sweepForgotten(own: Pick<CreateContext, "pipeline" | "hostname">): Promise<void> {
    const { state, log } = this.#ctx;
    if (state.lost === undefined || state.notes().get(SWEPT) === state.lost) return;
    const { bucket } = this.#options;
    try {
      const uploads = await this.#abortOwn(own);
      log.info({ bucket, uploads }, "aborted uploads that were open when the state was lost");
      state.setNote(SWEPT, state.lost);
    } catch (error) {
      const hint = "list them with `sluice s3 sweep`, and abort those of this machine";
      log.warn({ bucket, error: errorText(error), hint }, "uploads that were open when the state was lost may be left");
    }
  }

  async #abortOwn({ pipeline, hostname: host }: Pick<CreateContext, "pipeline" | "hostname">): Promise<number> {
    const { key, prefix: start, bucket } = this.#options;
    if (!key.includes("{host}")) throw new Error("the key template does not name the host");
    const { prefix, pattern } = keyTemplate(key).shape({ prefix: start, pipeline, host });
    return this.#uploads.abortMatching(bucket, prefix, (name) => pattern.test(name));
  }

  /** The cut of an earlier run that a batch belongs to; `stored` when it has nothing to do any more. */
  cutFor(origin: BatchOrigin): Cut | "stored" | undefined {
    if (this.#stored.some((cut) => covers(cut, origin))) return "stored";
    for (const cut of this.#waiting) if (cut.plan.source === origin.source && cut.covers(origin)) return cut;
    return undefined;
  }

  parcels(cut: Cut, batch: OfferedBatch): Parcel[] {
    const { granularity } = cut.plan;
    let partitioner = this.#partitioners.get(granularity);
    if (!partitioner) {
      partitioner = new Partitioner(granularity, this.#options.format);
      this.#partitioners.set(granularity, partitioner);
    }
    return partitioner.split(batch, batch.origin.now);
  }

  waiting(): Cut[] {
    return [...this.#waiting];
  }

  /** Cuts that may end earlier than they did, since nothing of them can be seen. */
  shortable(): Cut[] {
    return this.waiting().filter((cut) => ![...cut.objects.values()].some(({ stored }) => stored) && !cut.isEmpty);
  }

  forget(cut: Cut): void {
    this.#waiting.delete(cut);
  }

  async #prepareCut(cut: JournalledCut): Promise<void> {
    const note = cut.note as unknown as CutNote;
    if (Date.now() - note.opened > FORGET_MS) return this.#ctx.state.removeCut(cut.id);
    const objects: CutObject[] = [];
    for (const { time, key, stored } of note.objects) {
      const name = { bucket: note.bucket, key, cut: cut.id, again: true };
      const isStored = stored || (await this.#uploads.isStored(name));
      const writer = isStored ? undefined : new ObjectWriter(name, note, this.#uploads);
      objects.push({ time, key, stored: isStored, writer });
    }
    if (objects.every(({ stored }) => stored)) return void this.#stored.push(cut);
    const until = new Map<string, CutRange>(cut.ranges.map((range) => [range.streamId, range]));
    const open = () => Promise.resolve(null);
    this.#waiting.add(new Cut({ ...note, id: cut.id, source: cut.source, until, open }, objects));
  }
}

function covers({ source, ranges }: JournalledCut, origin: BatchOrigin): boolean {
  if (source !== origin.source) return false;
  return ranges.some(
    ({ streamId, from, to }) => streamId === origin.streamId && origin.from >= from && origin.from < to,
  );
}
