import type { TapHub } from "../taps/hub.ts";

/** A sanitized event, as JSON, and where it was seen. */
export type RecentEvent = readonly [pipeline: string, json: string];

const MAX_EVENTS = 200;
/** Characters of a string in an event that is shown on the page. */
const CUT = 2000;
/** Events a second while nobody looks at the page, and while somebody does. */
const IDLE_RATE = 2;
const BUSY_RATE = 20;

/** The last events of all pipelines: a few a second, for the page. */
export class RecentEvents {
  readonly #hub: TapHub;
  readonly #events: RecentEvent[] = [];
  readonly #listeners = new Set<(event: RecentEvent) => void>();
  readonly #watched = new Map<string, ReturnType<TapHub["open"]>>();

  constructor(hub: TapHub) {
    this.#hub = hub;
  }

  /** Looks at a pipeline from now on. */
  watch(pipeline: string): void {
    if (this.#watched.has(pipeline)) return;
    const subscription = this.#hub.open({
      places: [{ pipeline, at: "kept" }],
      rate: IDLE_RATE,
      cut: CUT,
      deliver: (_, events) => this.#enter(pipeline, events),
    });
    this.#watched.set(pipeline, subscription);
    this.#adjust();
  }

  /** Looks at a pipeline no more. */
  forget(pipeline: string): void {
    const subscription = this.#watched.get(pipeline);
    if (!subscription) return;
    this.#watched.delete(pipeline);
    this.#hub.close(subscription);
    this.#adjust();
  }

  /** The newest last. */
  all(): readonly RecentEvent[] {
    return this.#events;
  }

  listen(listener: (event: RecentEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#adjust();
    return () => {
      this.#listeners.delete(listener);
      this.#adjust();
    };
  }

  #enter(pipeline: string, events: readonly string[]): boolean {
    for (const json of events) {
      const event: RecentEvent = [pipeline, json];
      this.#events.push(event);
      for (const listener of this.#listeners) listener(event);
    }
    if (this.#events.length > MAX_EVENTS) this.#events.splice(0, this.#events.length - MAX_EVENTS);
    return true;
  }

  #adjust(): void {
    const rate = this.#listeners.size > 0 ? BUSY_RATE / Math.max(1, Math.min(10, this.#watched.size)) : IDLE_RATE;
    for (const subscription of this.#watched.values()) subscription.rate = rate;
  }
}
