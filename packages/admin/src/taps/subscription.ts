import type { TapRequest } from "@sluice/core";
import type { Place } from "./place.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What somebody wants to see. */
export interface TapWish {
  readonly places: readonly Place[];
  readonly where?: string | undefined;
  /** Events a second at most. */
  readonly rate: number;
  /** Characters after which a string is cut. */
  readonly cut: number;
  /** Gets sanitized events as JSON. False: it had no room for them. */
  readonly deliver: (pipeline: string, events: readonly string[]) => boolean;
}

/** Somebody who looks at events. */
export class Subscription {
  readonly id: number;
  readonly #wish: TapWish;
  readonly #bucket: TokenBucket;
  /** Events that it wanted and did not get. */
  skipped = 0;
  /** False once it could not look at every event. */
  complete = true;

  constructor(id: number, wish: TapWish) {
    this.id = id;
    this.#wish = wish;
    this.#bucket = new TokenBucket(wish.rate);
  }

  get searches(): boolean {
    return this.#wish.where !== undefined;
  }

  get rate(): number {
    return this.#wish.rate;
  }

  set rate(rate: number) {
    this.#bucket.rate = rate;
  }

  /** What to ask of the next batch of a source, at each place that it looks at. */
  requests(pipeline: string, source: string): TapRequest[] {
    const { places, where, cut } = this.#wish;
    const here = places.filter((place) => place.pipeline === pipeline && (place.source ?? source) === source);
    const limit = this.#bucket.available();
    return here.map(({ at }) => ({ id: this.id, at, where, limit, cut }));
  }

  /** Hands on what was seen. */
  saw(pipeline: string, events: readonly string[], matched: number): void {
    this.#bucket.take(events.length);
    const delivered = events.length === 0 || this.#wish.deliver(pipeline, events);
    this.skipped += delivered ? matched - events.length : matched;
  }
}
