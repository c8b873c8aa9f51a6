import type { PipelineStatus } from "./status.ts";

/** One moment: `[time in s, in/s, out/s, dropped/s, p50 in s, p95 in s, backlog in events]`; null where nothing was measured. */
export type Moment = readonly (number | null)[];

/** Half an hour at one moment in two seconds. */
const MOMENTS = 900;
/** Pipelines whose past is kept. */
const MAX_PIPELINES = 100;

/** The past of each pipeline, so that a page that is loaded anew shows it. */
export class History {
  readonly #moments = new Map<string, Moment[]>();

  enter(now: number, pipelines: readonly PipelineStatus[]): void {
    for (const pipeline of pipelines) {
      const moments = this.#moments.get(pipeline.name) ?? [];
      if (!this.#moments.has(pipeline.name)) {
        if (this.#moments.size >= MAX_PIPELINES) continue;
        this.#moments.set(pipeline.name, moments);
      }
      moments.push(momentOf(now, pipeline));
      if (moments.length > MOMENTS) moments.shift();
    }
  }

  forget(pipeline: string): void {
    this.#moments.delete(pipeline);
  }

  all(): Readonly<Record<string, readonly Moment[]>> {
    return Object.fromEntries(this.#moments);
  }
}

/** What is kept of a pipeline's status. */
function momentOf(now: number, { inRate, outRate, dropRate, latency, sinks }: PipelineStatus): Moment {
  const backlog = sinks.reduce((sum, sink) => Math.max(sum, sink.backlogEvents), 0);
  return [now / 1000, inRate, outRate, dropRate, latency.p50, latency.p95, backlog].map((value) =>
    value === null ? null : Math.round(value * 1000) / 1000,
  );
}
