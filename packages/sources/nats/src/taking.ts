import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import { type Claim, orStopped, type SourceBatch, type SourceContext } from "@sluice/core";
import { natsFault } from "@sluice/nats";
import { type Batching, batchOf } from "./batch.ts";
import type { Arrived, Claims } from "./claims.ts";
import type { Held } from "./held.ts";

const BATCH_BYTES = 262_144;
const BATCH_MESSAGES = 4096;
/** Bytes that are asked for at once, as far as that can be told beforehand. */
const FETCH_BYTES = 2 * 1024 * 1024;
/** Messages that are asked for at once; each may have the servers' largest size. */
const MOST = 1024;
/** Fetches without an answer in a row before the connection is made anew, e.g. while a cluster has no leader. */
const UNANSWERED = 5;
/** How long the servers wait for more before they answer. */
const FETCH_MS = 2000;
/** Milliseconds between hints to the sinks that somebody waits for them. */
const HURRY_MS = 1000;
const STREAM_KEY = "messages";

export interface TakingOptions extends Batching {
  readonly consumer: Consumer;
  readonly held: Held;
  readonly claims: Claims;
  /** Messages that may be in flight. */
  readonly limit: number;
}

/** One run of the source: asks for messages, and emits them in batches as they come. */
export class Taking {
  readonly #consumer: Consumer;
  readonly #held: Held;
  readonly #claims: Claims;
  readonly #ctx: SourceContext;
  readonly #options: TakingOptions;
  #position = 0;
  /** Bytes of a message, as the last batch had it. */
  #average = FETCH_BYTES / 64;
  #unanswered = 0;
  /** Came and were not emitted yet. */
  readonly #queue: Arrived[] = [];
  #wake: (() => void) | undefined;

  constructor(ctx: SourceContext, options: TakingOptions) {
    this.#consumer = options.consumer;
    this.#held = options.held;
    this.#claims = options.claims;
    this.#ctx = ctx;
    this.#options = options;
  }

  /** Takes until the stop, or, when it is finite, until nothing is left. Rejects when the consumer is gone. */
  async run(): Promise<void> {
    const { stop, finite } = this.#ctx;
    while (!stop.aborted) {
      await this.#room();
      if (stop.aborted) return;
      const taken = await this.#fetch();
      if (finite && taken === 0 && (await this.#isEmpty())) return;
    }
  }

  /** Waits until there are fewer messages in flight; the sinks are to make an end of what they gather. */
  async #room(): Promise<void> {
    const { limit } = this.#options;
    if (this.#held.count < limit) return;
    const { stop } = this.#ctx;
    const hurry = (): void => this.#ctx.hurry();
    hurry();
    const hurrying = setInterval(hurry, HURRY_MS);
    await this.#held.below(limit / 2, stop);
    clearInterval(hurrying);
  }

  async #fetch(): Promise<number> {
    const { stop } = this.#ctx;
    const asked = performance.now();
    let messages: ConsumerMessages;
    try {
      messages = await this.#consumer.fetch({ max_messages: this.#size, expires: FETCH_MS });
    } catch (error) {
      throw natsFault(error, "cannot take messages", "SLUICE_SOURCE");
    }
    const end = () => void messages.close();
    stop.addEventListener("abort", end, { once: true });
    let ended = false;
    let failure: unknown;
    const reading = this.#read(messages, asked)
      .catch((error: unknown) => (failure = error))
      .finally(() => {
        ended = true;
        this.#wake?.();
      });
    let taken = 0;
    while (!stop.aborted) {
      if (this.#queue.length > 0) taken += await this.#emit();
      else if (ended) break;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    stop.removeEventListener("abort", end);
    if (stop.aborted) return taken;
    await reading;
    this.#unanswered = failure === undefined ? 0 : this.#unanswered + 1;
    if (this.#unanswered >= UNANSWERED) throw natsFault(failure, "cannot take messages", "SLUICE_SOURCE");
    return taken;
  }

  /** How many to ask for: as many as the bytes of the last ones allow. */
  get #size(): number {
    const left = this.#options.limit - this.#held.count;
    return Math.max(1, Math.min(left, MOST, Math.floor(FETCH_BYTES / this.#average)));
  }

  async #read(messages: ConsumerMessages, asked: number): Promise<void> {
    for await (const message of messages) {
      // The type does not say it, but every message has one.
      const { reply } = message as JsMsg & { readonly reply: string };
      if (this.#held.take(message.seq, reply)) this.#queue.push({ message, asked, came: performance.now() });
      this.#wake?.();
    }
  }

  /** Emits what has come, as far as it fits one batch; returns how many that were. */
  async #emit(): Promise<number> {
    const arrived = this.#next();
    const isCurrent = await this.#claims.refresh(arrived);
    // Sorted and begun in one go: what others claim from here on is noticed in the batches.
    const { free, again, waiting } = this.#claims.sort(arrived, isCurrent);
    const batches = free.length > 0 ? [this.#begin(free)] : [];
    for (const { messages, claims } of again) batches.push(this.#begin(messages, claims));
    await this.#claims.takeOver(waiting);
    for (const batch of batches) await orStopped(this.#ctx.emit(batch), this.#ctx.stop);
    return arrived.length;
  }

  #next(): Arrived[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && count < BATCH_MESSAGES && (count === 0 || bytes < BATCH_BYTES)) {
      bytes += (this.#queue[count] as Arrived).message.data.length;
      count++;
    }
    this.#average = Math.max(1, bytes / count);
    return this.#queue.splice(0, count);
  }

  /** @param claims that all of them are under */
  #begin(messages: readonly JsMsg[], claims?: readonly Claim[]): SourceBatch {
    const batch = batchOf(messages, this.#position, this.#options);
    const flying = this.#claims.begin(this.#position, messages, claims);
    this.#position += messages.length;
    const settled = (): void => {
      this.#claims.flight.end(flying);
      this.#held.settled(flying.seqs);
    };
    return { ...batch, streamKey: STREAM_KEY, settled, ...(claims && { claims }) };
  }

  async #isEmpty(): Promise<boolean> {
    if (performance.now() < this.#claims.postponedUntil) return false;
    const { num_pending: waiting } = await this.#consumer.info();
    return waiting === 0;
  }
}
