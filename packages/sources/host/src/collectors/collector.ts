import type { SourceContext } from "@sluice/core";
import type { Observation } from "@sluice/sampling";

/** Collects one kind of things. */
export interface Collector {
  /** Datasets of which it sees everything there is in each collection. */
  readonly datasets: readonly string[];
  /** Reads counters, so that the first collection can tell how they grow. */
  baseline?(): void;
  /** Throws when it can see nothing. */
  collect(ctx: SourceContext): readonly Observation[] | Promise<readonly Observation[]>;
}
