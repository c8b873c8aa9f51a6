import type { Event, SourceContext } from "@sluice/core";

/** One thing as it was seen at one moment: a filesystem, an interface, an endpoint. */
export interface Observation {
  /** Kind of thing, as `event.dataset`, e.g. `system.filesystem`. */
  readonly dataset: string;
  /** Which one of its kind; the same in each sample. */
  readonly key: string;
  /** A line for people. */
  readonly text: string;
  readonly fields: Event;
}

export interface Sample {
  readonly observations: readonly Observation[];
  /** Kinds of which everything there is was seen: what is missing of these is gone. */
  readonly complete: readonly string[];
}

/** Looks at the world, again and again. */
export interface Sampler {
  /** Called once before the first sample, e.g. to read counters whose growth the first sample tells. */
  prepare?(ctx: SourceContext): Promise<void>;
  /** Resolves soon after `ctx.stop` at the latest. Rejects only when it can see nothing at all. */
  sample(ctx: SourceContext): Promise<Sample>;
}
