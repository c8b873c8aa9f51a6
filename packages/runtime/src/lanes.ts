/** A batch's place in its stream's order. */
export interface Place<R> {
  readonly key: string;
  result: R | undefined;
}

interface Lane<R> {
  readonly places: Place<R>[];
  readonly waiting: (() => void)[];
}

/**
 * Keeps the order of each stream's batches through workers that finish them in any order, and bounds the batches of one
 * stream, so that one that hangs fills its own lane and leaves room to the others.
 */
export class Lanes<R> {
  readonly #limit: number;
  readonly #lanes = new Map<string, Lane<R>>();

  /** @param limit Batches of one stream between its source and the sinks' buffers. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Undefined when the stream may hand on a batch, else a promise of it. */
  room(key: string): Promise<void> | undefined {
    const lane = this.#lanes.get(key);
    if (!lane || lane.places.length < this.#limit) return undefined;
    return new Promise((resolve) => lane.waiting.push(resolve));
  }

  /** Takes the next place of a stream. */
  enter(key: string): Place<R> {
    let lane = this.#lanes.get(key);
    if (!lane) this.#lanes.set(key, (lane = { places: [], waiting: [] }));
    const place: Place<R> = { key, result: undefined };
    lane.places.push(place);
    return place;
  }

  /** Enters a batch's result; returns the results whose turn it is now. */
  finish(place: Place<R>, result: R): R[] {
    place.result = result;
    const lane = this.#lanes.get(place.key) as Lane<R>;
    const done: R[] = [];
    for (let first = lane.places[0]; first?.result !== undefined; first = lane.places[0]) {
      done.push(first.result);
      lane.places.shift();
    }
    if (lane.places.length < this.#limit) for (const resolve of lane.waiting.splice(0)) resolve();
    if (lane.places.length === 0) this.#lanes.delete(place.key);
    return done;
  }
}
