import {
  AckTracker,
  count,
  type Logger,
  type LostReason,
  type SourceBatch,
  type SourceContext,
  silentLogger,
  type Value,
} from "@sluice/core";

/** One record as a test sees it. */
export interface SeenRecord {
  readonly text: string;
  readonly position: number;
  /** `<stream.id>-<position in hex>`, as the program makes it. */
  readonly eventId: string;
  readonly streamKey: string;
  readonly path: string | undefined;
  readonly tags: readonly string[];
}

export interface FakeSourceOptions {
  readonly finite?: boolean;
  /** State of an earlier run. */
  readonly state?: ReadonlyMap<string, Value>;
  /** The positions of earlier runs were lost. */
  readonly lost?: boolean;
  /** Batches that stay unsettled behind the last one: 0 commits each at once, Infinity none. */
  readonly lag?: number;
  /** Awaited by each `emit`: the test's hand on the backpressure. */
  readonly gate?: () => Promise<void>;
  readonly log?: Logger;
  /** Whether `history` is kept; not worth its cost with thousands of streams. Default true. */
  readonly remember?: boolean;
}

/** A {@link SourceContext} in memory: takes batches, commits positions in order and as late as the test wants. */
export class FakeSourceContext implements SourceContext {
  readonly records: SeenRecord[] = [];
  readonly batches: SourceBatch[] = [];
  /** The state after each change to it, and how many records had left by then: what a `kill -9` may leave behind. */
  readonly history: { readonly state: ReadonlyMap<string, Value>; readonly records: number }[] = [];
  readonly finite: boolean;
  readonly log: Logger;
  /** Batches whose emit was called and has not resolved; the contract allows one. */
  pendingEmits = 0;
  mostPendingEmits = 0;
  lag: number;
  /** Records that were said to be lost, by reason. */
  readonly losses: Record<string, number> = {};
  readonly #stop = new AbortController();
  readonly #state: Map<string, Value>;
  readonly #trackers = new Map<string, AckTracker<Value | undefined>>();
  readonly #open: (() => void)[] = [];
  readonly #remembers: boolean;
  readonly #gate: (() => Promise<void>) | undefined;

  constructor(options: FakeSourceOptions = {}) {
    this.finite = options.finite ?? false;
    this.#state = new Map(options.state);
    this.state.lost = options.lost ?? false;
    this.lag = options.lag ?? 0;
    this.#gate = options.gate;
    this.log = options.log ?? silentLogger;
    this.#remembers = options.remember ?? true;
    this.#remember();
  }

  readonly state = {
    lost: false,
    all: (): ReadonlyMap<string, Value> => new Map(this.#state),
    put: (entries: ReadonlyMap<string, Value>): void => {
      for (const [key, value] of entries) this.#state.set(key, structuredClone(value));
      this.#remember();
    },
    remove: (streamKeys: readonly string[]): void => {
      for (const key of streamKeys) this.#state.delete(key);
      this.#remember();
    },
  };

  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  get texts(): string[] {
    return this.records.map(({ text }) => text);
  }

  end(): void {
    this.#stop.abort();
  }

  async emit(batch: SourceBatch): Promise<void> {
    this.pendingEmits++;
    this.mostPendingEmits = Math.max(this.mostPendingEmits, this.pendingEmits);
    if (this.#gate) await this.#gate();
    this.batches.push(batch);
    this.records.push(...recordsOf(batch));
    this.#open.push(this.#track(batch));
    this.settle(this.lag);
    this.pendingEmits--;
  }

  lost(reason: LostReason, records: number): void {
    count(this.losses, reason, records);
  }

  /** Sinks that finish what they have: everything is settled. */
  readonly hurry = (): void => this.settle();

  inFlight(streamKey: string): number {
    return this.#trackers.get(streamKey)?.open ?? 0;
  }

  /** Settles all but the last `keep` batches. */
  settle(keep = 0): void {
    while (this.#open.length > keep) this.#open.shift()?.();
  }

  #track(batch: SourceBatch): () => void {
    const { streamKey, position, settled } = batch;
    let tracker = this.#trackers.get(streamKey);
    if (!tracker) {
      tracker = new AckTracker((value) => {
        if (value !== undefined) this.state.put(new Map([[streamKey, value]]));
      });
      this.#trackers.set(streamKey, tracker);
    }
    const done = tracker.track(position);
    return () => {
      done();
      settled?.();
    };
  }

  #remember(): void {
    if (this.#remembers) this.history.push({ state: new Map(this.#state), records: this.records.length });
  }
}

/** The records of a batch, cut the way `packages/program` cuts them. */
export function recordsOf(batch: SourceBatch): SeenRecord[] {
  const { data, framing, stream, streamKey } = batch;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const see = (start: number, end: number, position: number, tags: unknown): SeenRecord => ({
    text: bytes.toString("utf8", start, end),
    position,
    eventId: `${stream.id}-${position.toString(16)}`,
    streamKey,
    path: stream.fields["log.file.path"] as string | undefined,
    tags: Array.isArray(tags) ? (tags as string[]) : [],
  });
  if (framing.kind === "records") {
    const { starts, ends, positions, extra } = framing;
    const seen = (_: number, i: number) =>
      see(starts[i] as number, ends[i] as number, positions[i] as number, extra?.[i]?.["tags"]);
    return Array.from(starts, seen);
  }
  const records: SeenRecord[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const next = newline < 0 ? bytes.length : newline + 1;
    let end = newline < 0 ? next : newline;
    if (newline > start && bytes[newline - 1] === 13) end--;
    records.push(see(start, end, framing.base + start, undefined));
    start = next;
  }
  return records;
}
