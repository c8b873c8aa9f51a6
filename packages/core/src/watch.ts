// Looking at events while they go through. Only asked for while somebody looks, so that it costs nothing otherwise.

/** A wish to see events at one place of a pipeline. */
export interface TapRequest {
  readonly id: number;
  /**
   * Where: `steps` as they are after so many steps (0: as the source made them), `kept` after all of them, `sink` those
   * that the sink of this index gets.
   */
  readonly at: { readonly steps: number } | { readonly sink: number } | "kept";
  /** CEL over the sanitized event; those for which it does not hold are not shown. */
  readonly where?: string | undefined;
  /** Events to show of one batch at most. */
  readonly limit: number;
  /** Characters after which a string is cut. */
  readonly cut: number;
}

/** What is to be looked at in a batch. */
export interface Watch {
  /** Events of the batch to look at, at most, where looking means work that would not be done otherwise. */
  readonly examine: number;
  readonly taps: readonly TapRequest[];
}

/** Events of one service. Fractions, where they are reckoned up from a sample. */
export interface ServiceCount {
  events: number;
  /** Of level error and above, or answered by a 5xx. */
  errors: number;
  /** Of level warning, answered by a 4xx, or with the outcome `failure`. */
  warnings: number;
}

/** What one tap has seen of a batch. */
export interface Tapped {
  readonly id: number;
  /** Sanitized events as JSON. */
  readonly events: string[];
  /** Events that were looked at. */
  examined: number;
  /** Events that it wanted, shown or not. */
  matched: number;
}

/** What was seen of a batch. Nothing in it has secrets. */
export interface Seen {
  readonly taps: readonly Tapped[];
  /** By `service.name`, or what comes next to it. */
  readonly services: Readonly<Record<string, ServiceCount>>;
  /** False where only a sample of the events was looked at. */
  readonly exact: boolean;
  /** Events that were put through the steps a second time to look at them. */
  readonly sampled: number;
  /** Events that are few and that somebody wants to know of: alerts and figures of the host, as JSON. */
  readonly notable: readonly string[];
}
