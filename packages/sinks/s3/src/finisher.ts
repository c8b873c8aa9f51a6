import { type Lease, SluiceError, type StreamingSinkContext } from "@sluice/core";
import type { Cut, CutObject } from "./cut.ts";

/** Ends cuts: notes each in the journal, makes its objects visible, and settles its batches. */
export class Finisher {
  readonly #ctx: StreamingSinkContext;
  /** Milliseconds that a request may be under way. */
  readonly #late: number;
  readonly #under = new Set<Promise<void>>();
  readonly #failed = Promise.withResolvers<never>();
  #waiting: (() => void)[] = [];

  constructor(ctx: StreamingSinkContext, late: number) {
    this.#ctx = ctx;
    this.#late = late;
    this.#failed.promise.catch(() => undefined);
  }

  /** Rejects when a cut is lost and has to be read again. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  get busy(): boolean {
    return this.#under.size > 0;
  }

  /** Resolves when a cut was finished. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  finish(cut: Cut): void {
    const work = this.#finish(cut)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#under.delete(work);
        for (const resolve of this.#waiting.splice(0)) resolve();
      });
    this.#under.add(work);
  }

  fail(error: unknown): void {
    this.#failed.reject(error);
  }

  /** Leaves a cut to the next start. */
  async abandon(cut: Cut): Promise<void> {
    await Promise.all(Array.from(cut.objects.values(), async ({ writer }) => writer?.abandon()));
  }

  /** Resolves when everything is stored, or never when something failed. */
  async idle(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
    this.#ctx.deadline.throwIfAborted();
  }

  async #finish(cut: Cut): Promise<void> {
    const { state, persistState } = this.#ctx;
    if (cut.isEmpty) return state.removeCut(cut.plan.id);
    const objects = [...cut.objects.values()];
    await Promise.all(objects.map(async ({ writer }) => writer?.seal()));
    if (objects.length > 0) {
      const lease = await this.#ctx.claim(cut.journalled(), this.#late);
      if (!lease) throw taken();
      // From here on a restart repeats this cut: only now may its objects become visible.
      await persistState("cannot write the journal", () => state.putCut(cut.journalled()));
      await Promise.all(objects.map((object) => this.#store(cut, object, lease)));
    }
    cut.settle();
  }

  async #store(cut: Cut, object: CutObject, lease: Lease): Promise<void> {
    if (!object.writer) return;
    if (!(await object.writer.store(() => lease.isOurs()))) throw taken();
    object.stored = true;
    this.#ctx.state.noteCut(cut.journalled());
    const { bucket } = cut.plan;
    this.#ctx.log.info({ bucket, key: object.key, bytes: object.writer.size }, "stored");
  }
}

function taken(): SluiceError {
  const text = "other sluices have taken over a part of what was about to be stored";
  return new SluiceError("SLUICE_STORE", text, {
    hint: "nothing is lost: the rest is taken again; see whether this sluice was cut off from its source, or stood still",
  });
}
