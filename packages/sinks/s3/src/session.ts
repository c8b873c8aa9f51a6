import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type BatchOrigin,
  type CreateContext,
  FLUSH,
  LONGEST_TIMER_MS,
  type OfferedBatch,
  type StreamingSinkContext,
} from "@sluice/core";
import { Budget } from "./budget.ts";
import { Cut } from "./cut.ts";
import { Finisher } from "./finisher.ts";
import { Namer } from "./namer.ts";
import { ObjectWriter } from "./object-writer.ts";
import type { S3Options } from "./options.ts";
import { Partitioner } from "./partition.ts";
import { Recovery } from "./recovery.ts";
import { type ObjectStore, openStore } from "./store.ts";
import { StoredElsewhere } from "./stored-elsewhere.ts";
import { Turns } from "./turns.ts";
import { Uploads } from "./uploads.ts";

/** Runs the sink: repeats what an earlier run has left, then takes batches until there are no more. */
export async function runSession(
  options: S3Options,
  own: CreateContext,
  batches: AsyncIterator<OfferedBatch | typeof FLUSH>,
  ctx: StreamingSinkContext,
): Promise<void> {
  const store = await ctx.persist("cannot open the store", () => openStore(options, ctx.log));
  const session = new Session(options, own, ctx, store);
  try {
    await session.run(batches);
  } finally {
    session.close();
    store.close();
  }
}

class Session {
  readonly #options: S3Options;
  readonly #own: CreateContext;
  readonly #ctx: StreamingSinkContext;
  readonly #budget: Budget;
  readonly #uploads: Uploads;
  readonly #namer: Namer;
  readonly #partitioner: Partitioner;
  readonly #recovery: Recovery;
  readonly #stored: StoredElsewhere;
  readonly #finisher: Finisher;
  /** Batches, timers and the end take turns. */
  readonly #turns = new Turns();
  /** The cut that each source's new batches go to. */
  readonly #open = new Map<string, Cut>();
  #patience: NodeJS.Timeout | undefined;

  constructor(options: S3Options, own: CreateContext, ctx: StreamingSinkContext, store: ObjectStore) {
    this.#options = options;
    this.#own = own;
    this.#ctx = ctx;
    this.#budget = new Budget(options.memory, options.concurrency);
    this.#uploads = new Uploads(store, ctx, this.#budget, options.part_size);
    const exists = (key: string) => this.#uploads.exists(options.bucket, key);
    this.#namer = new Namer({ options, pipeline: own.pipeline, host: own.hostname, state: ctx.state, exists });
    this.#partitioner = new Partitioner(this.#namer.template.granularity, options.format);
    this.#recovery = new Recovery(options, ctx, this.#uploads);
    this.#stored = new StoredElsewhere(options, ctx, this.#uploads);
    this.#finisher = new Finisher(ctx, REQUESTS * options.request_timeout);
  }

  async run(batches: AsyncIterator<OfferedBatch | typeof FLUSH>): Promise<void> {
    await this.#recovery.prepare(this.#own);
    this.#patience = setInterval(() => {
      this.#later(() => this.#giveUpWaiting());
      void this.#uploads.tryAbortStale();
    }, PATIENCE_CHECK_MS);
    await Promise.race([this.#takeAll(batches), this.#finisher.failure]);
  }

  close(): void {
    clearInterval(this.#patience);
    for (const cut of this.#open.values()) clearTimeout(cut.timer);
  }

  async #takeAll(batches: AsyncIterator<OfferedBatch | typeof FLUSH>): Promise<void> {
    for (let next = await batches.next(); !next.done; next = await batches.next()) {
      const item = next.value;
      await this.#turns.take(() => (item === FLUSH ? this.#flush() : this.#take(item)));
    }
    await this.#turns.take(() => this.#end());
    await this.#finisher.idle();
    await Promise.race([this.#uploads.tryAbortStale(), sleep(LAST_LOOK_MS, undefined, { ref: false })]);
  }

  async #take(batch: OfferedBatch): Promise<void> {
    const { origin } = batch;
    const again = this.#recovery.cutFor(origin);
    if (again === "stored") {
      return pass(batch);
    }
    if (again) await this.#repeat(again, batch);
    else if (origin.claims) await this.#gatherRest(await this.#stored.rest(batch));
    else await this.#gather(batch);
    await this.#makeRoom();
  }

  /** Nothing may be left of a batch that others have stored. */
  async #gatherRest(batch: OfferedBatch): Promise<void> {
    if (batch.ends.length > 0) return this.#gather(batch);
    pass(batch);
  }

  async #repeat(cut: Cut, batch: OfferedBatch): Promise<void> {
    await cut.add(batch, this.#recovery.parcels(cut, batch));
    if (cut.isComplete) this.#finish(cut);
  }

  async #gather(batch: OfferedBatch): Promise<void> {
    const { origin, ends } = batch;
    let cut = this.#open.get(origin.source);
    if (!cut && ends.length === 0) {
      return pass(batch);
    }
    const parcels = this.#partitioner.split(batch, origin.now);
    if (cut && cut.widthWith(parcels) > this.#options.max_open) {
      this.#finish(cut);
      cut = undefined;
    }
    cut ??= this.#begin(origin);
    await cut.add(batch, parcels);
    if (cut.size >= this.#options.max_size) this.#finish(cut);
  }

  #begin(first: BatchOrigin): Cut {
    const { bucket, compression, level, max_open: most, max_age: age } = this.#options;
    const { source } = first;
    const id = randomUUID();
    const packing = { compression, ...(level !== undefined && { level }) };
    const open = async (time: string) => {
      if (cut.objects.size >= most) return null;
      const key = await this.#namer.keyFor(first, time);
      const writer = new ObjectWriter({ bucket, key, cut: id, again: false }, packing, this.#uploads);
      return { time, key, stored: false, writer };
    };
    const { granularity } = this.#namer.template;
    const cut = new Cut({ id, source, bucket, opened: first.now, granularity, ...packing, open });
    cut.timer = setTimeout(() => this.#later(async () => this.#finishOpen(cut)), Math.min(age, LONGEST_TIMER_MS));
    this.#open.set(source, cut);
    return cut;
  }

  #finishOpen(cut: Cut): void {
    if (this.#open.get(cut.plan.source) === cut) this.#finish(cut);
  }

  #finish(cut: Cut): void {
    clearTimeout(cut.timer);
    if (this.#open.get(cut.plan.source) === cut) this.#open.delete(cut.plan.source);
    this.#recovery.forget(cut);
    this.#finisher.finish(cut);
  }

  /** Something waits for what is gathered. */
  async #flush(): Promise<void> {
    for (const cut of this.#open.values()) this.#finish(cut);
    for (const cut of this.#recovery.shortable()) this.#finish(cut);
  }

  async #end(): Promise<void> {
    for (const cut of this.#open.values()) this.#finish(cut);
    // At the end of a finite input nothing more of an old cut will come; at a stop it will, at the next start.
    for (const cut of this.#recovery.waiting()) {
      if (this.#ctx.stop.aborted) await this.#finisher.abandon(cut);
      else this.#finish(cut);
    }
  }

  /** Old cuts of which nothing came for long: the rest of them is gone from the source. */
  async #giveUpWaiting(): Promise<void> {
    const patience = Math.max(PATIENCE_MS, 3 * this.#options.max_age);
    for (const cut of this.#recovery.waiting()) {
      if (performance.now() - cut.touched < patience) continue;
      const fields = { source: cut.plan.source, events: cut.events };
      this.#ctx.log.warn(fields, "a part of what was read before the restart does not come again; what came is stored");
      this.#finish(cut);
    }
  }

  /** Waits until there is memory for the next batch, by finishing what is open if nothing else would make any. */
  async #makeRoom(): Promise<void> {
    while (this.#budget.isFull) {
      if (this.#budget.busy || this.#finisher.busy) {
        await Promise.race([this.#budget.change(), this.#finisher.change()]);
        continue;
      }
      const [largest] = [...this.#open.values()].sort((a, b) => b.size - a.size);
      if (!largest) return;
      this.#finish(largest);
    }
  }

  #later(act: () => Promise<void>): void {
    this.#turns.take(act).catch((error: unknown) => this.#finisher.fail(error));
  }
}

/** Nothing of a batch is to be stored any more. */
function pass(batch: OfferedBatch): void {
  batch.release();
  batch.settle();
}

/** Requests of which one attempt consists at most, one after the other. */
const REQUESTS = 2;
/** How long the end may take to look for uploads that nobody knows of. */
const LAST_LOOK_MS = 5000;
const PATIENCE_MS = 10 * 60_000;
const PATIENCE_CHECK_MS = 30_000;
