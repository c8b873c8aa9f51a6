import {
  type Claim,
  type EncodedBatch,
  errorText,
  type OfferedBatch,
  RecentCache,
  type StreamingSinkContext,
} from "@sluice/core";
import { type CutNote, nearestTime, openedTime } from "./cut.ts";
import type { S3Options } from "./options.ts";
import { Partitioner } from "./partition.ts";
import type { Uploads } from "./uploads.ts";

/** Cuts of others of which it is remembered what is stored of them. */
const REMEMBERED = 1000;

/** What a cut of another sluice has become: which of its objects are there. */
interface Fate {
  readonly note: CutNote;
  readonly objects: ReadonlyMap<string, boolean>;
}

/** Finds in the store what other sluices, or earlier runs, have stored of batches that come again. */
export class StoredElsewhere {
  readonly #options: S3Options;
  readonly #ctx: StreamingSinkContext;
  readonly #uploads: Uploads;
  readonly #fates = new RecentCache<Promise<Fate>>(REMEMBERED);

  constructor(options: S3Options, ctx: StreamingSinkContext, uploads: Uploads) {
    this.#options = options;
    this.#ctx = ctx;
    this.#uploads = uploads;
  }

  /** What is not stored of a batch; it may hold no frame any more. */
  async rest(batch: OfferedBatch): Promise<OfferedBatch> {
    let left: EncodedBatch = batch;
    for (const claim of batch.origin.claims ?? []) {
      if (left.ends.length === 0) break;
      left = this.#without(left, await this.#fateOf(claim), batch.origin.now);
    }
    if (left === batch) return batch;
    const stored = batch.ends.length - left.ends.length;
    const claims = batch.origin.claims?.map(({ id }) => id);
    this.#ctx.log.info({ source: batch.origin.source, stored, claims }, "what came again is stored already");
    const { origin, release, settle } = batch;
    return { bytes: left.bytes, ends: left.ends, origin, release, settle };
  }

  /** An event went to the object of its time, or of the nearest one: by the same rule it is looked for there. */
  #without(batch: EncodedBatch, { note, objects }: Fate, now: number): EncodedBatch {
    const fates = [...objects.values()];
    if (!fates.includes(true)) return batch;
    if (!fates.includes(false)) return { bytes: new Uint8Array(0), ends: new Uint32Array(0) };
    const partitioner = new Partitioner(note.granularity, this.#options.format);
    return partitioner.select(batch, now, (time) => {
      const object = nearestTime(objects.keys(), time ?? openedTime(note));
      return !objects.get(object as string);
    });
  }

  #fateOf({ id, note: value }: Claim): Promise<Fate> {
    return this.#fates.get(id, async () => {
      const note = value as unknown as CutNote;
      const { bucket } = note;
      const found = note.objects.map(async ({ time, key }) => {
        await this.#endUploads(bucket, key);
        return [time, await this.#uploads.isStored({ bucket, key, cut: id, again: true })] as const;
      });
      return { note, objects: new Map(await Promise.all(found)) };
    });
  }

  /** What its sluice has begun can only be in the way now. Where that must not be done, the claim has waited long enough. */
  async #endUploads(bucket: string, key: string): Promise<void> {
    await this.#uploads
      .abortMatching(bucket, key, (name) => name === key)
      .catch((error: unknown) => {
        this.#ctx.log.debug(
          { bucket, key, error: errorText(error) },
          "cannot look for uploads that another sluice has left",
        );
      });
  }
}
