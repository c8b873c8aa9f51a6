import type { Seen, ServiceCount, Watch } from "@sluice/core";
import type { Watcher } from "@sluice/runtime";
import { Subscription, type TapWish } from "./subscription.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Events a second, of those that a kernel did without making events of them, that are looked at: 0.5 % of a core. */
const SAMPLED = 500;
/** The same while somebody searches with a condition: 5 % of a core. */
const SEARCHED = 5000;
/** Events of one batch that are looked at. */
const MOST_PER_BATCH = 2000;

/** Gets what is seen of all pipelines, whether or not somebody taps. */
export interface SeenBooks {
  /** @param factor What the counts are to be multiplied with, for batches that were not looked at. */
  services(pipeline: string, counts: Readonly<Record<string, ServiceCount>>, exact: boolean, factor: number): void;
  notable(pipeline: string, events: readonly string[]): void;
}

/** Between those who look at events and the pipelines that let them. */
export class TapHub {
  readonly #books: SeenBooks;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #budgets = new Map<string, TokenBucket>();
  #nextId = 1;

  constructor(books: SeenBooks) {
    this.#books = books;
  }

  /** Looks until {@link close}. */
  open(wish: TapWish): Subscription {
    const subscription = new Subscription(this.#nextId++, wish);
    this.#subscriptions.set(subscription.id, subscription);
    this.#spend();
    return subscription;
  }

  close(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.id);
    this.#spend();
  }

  /** What a pipeline asks for each of its batches. One that is replaced asks anew. */
  watcher(pipeline: string): Watcher {
    const budget = new TokenBucket(SAMPLED);
    this.#budgets.set(pipeline, budget);
    this.#spend();
    let unseen = 0;
    return {
      ask: (source) => this.#ask(pipeline, source, budget),
      saw: (seen, events) => {
        if (!seen) {
          unseen += events;
          return;
        }
        budget.take(seen.sampled);
        const factor = events > 0 ? 1 + unseen / events : 1;
        this.#books.services(pipeline, seen.services, seen.exact && unseen === 0, factor);
        this.#saw(pipeline, seen, unseen === 0);
        unseen = 0;
      },
    };
  }

  /** A pipeline is gone. */
  forget(pipeline: string): void {
    this.#budgets.delete(pipeline);
  }

  #ask(pipeline: string, source: string, budget: TokenBucket): Watch {
    const examine = Math.min(MOST_PER_BATCH, budget.available());
    const taps = [...this.#subscriptions.values()].flatMap((subscription) => subscription.requests(pipeline, source));
    return { examine, taps };
  }

  #saw(pipeline: string, { taps, exact, notable }: Seen, all: boolean): void {
    if (notable.length > 0) this.#books.notable(pipeline, notable);
    for (const { id, events, matched } of taps) {
      const subscription = this.#subscriptions.get(id);
      if (!subscription) continue;
      if (!exact || !all) subscription.complete = false;
      subscription.saw(pipeline, events, matched);
    }
  }

  /** Somebody who searches may look at more. */
  #spend(): void {
    const searches = [...this.#subscriptions.values()].some((subscription) => subscription.searches);
    for (const budget of this.#budgets.values()) budget.rate = searches ? SEARCHED : SAMPLED;
  }
}
