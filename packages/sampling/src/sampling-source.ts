import { randomBytes } from "node:crypto";
import { formatInstant, orStopped, pauseOrStop, type Source, type SourceContext } from "@sluice/core";
import { AlertBook } from "./alerts/alert-book.ts";
import type { AlertOptions } from "./alerts/options.ts";
import type { Sampler } from "./observation.ts";
import { batchesOf, STREAM_KEY } from "./sample-batch.ts";

interface SamplingOptions {
  /** Name of the source. */
  readonly name: string;
  /** Milliseconds from the beginning of one sample to the beginning of the next. */
  readonly interval: number;
  readonly alerts: readonly AlertOptions[];
}

/** A source that looks at the world every `interval`, and raises and clears alerts about what it sees. */
export class SamplingSource implements Source {
  readonly #options: SamplingOptions;
  readonly #book: AlertBook;
  readonly #sampler: Sampler;

  /** @throws ExpressionError when the condition of an alert cannot be compiled */
  constructor(options: SamplingOptions, sampler: Sampler) {
    this.#options = options;
    this.#book = new AlertBook(options.alerts, options.interval);
    this.#sampler = sampler;
  }

  async run(ctx: SourceContext): Promise<void> {
    this.#book.restore(ctx.state.all().get(STREAM_KEY));
    // A moment cannot be looked at again, so ids must not repeat in the next run.
    const streamId = `${this.#options.name}-${randomBytes(5).toString("hex")}`;
    await orStopped(this.#sampler.prepare?.(ctx) ?? Promise.resolve(), ctx.stop);
    let first = 0;
    for (let due = performance.now(); !ctx.stop.aborted; due = this.#nextAfter(due)) {
      await pauseOrStop(due - performance.now(), ctx.stop);
      if (ctx.stop.aborted) return;
      first += await this.#sampleOnce(ctx, streamId, first);
      if (ctx.finite) return;
    }
  }

  async #sampleOnce(ctx: SourceContext, streamId: string, first: number): Promise<number> {
    const sample = await orStopped(this.#sampler.sample(ctx), ctx.stop);
    if (!sample) return 0;
    const now = Date.now();
    const observations = [...sample.observations, ...this.#book.take(sample, now)];
    const more = { streamId, first, time: formatInstant(now), position: this.#book.note() };
    for (const batch of batchesOf(observations, more)) {
      if (ctx.stop.aborted) break;
      await orStopped(ctx.emit(batch), ctx.stop);
    }
    return observations.length;
  }

  /** The next moment of the same rhythm; moments that passed while a sample took long are left out. */
  #nextAfter(due: number): number {
    const { interval } = this.#options;
    const missed = Math.floor((performance.now() - due) / interval);
    return due + interval * (1 + Math.max(0, missed));
  }
}
