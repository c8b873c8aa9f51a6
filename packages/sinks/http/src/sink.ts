import { setTimeout as sleep } from "node:timers/promises";
import { type EncodedBatch, errorText, type Rejection, type Sink, SluiceError, type WriteResult } from "@sluice/core";
import { bodyOf } from "./body.ts";
import { Client } from "./client.ts";
import type { HttpOptions } from "./options.ts";
import { retryAfter } from "./retry-after.ts";

/** Answers that may be about single events of a batch, or its size: it is sent in halves then. */
const ABOUT_EVENTS = new Set([400, 413, 422]);
/** Events refused one by one, and none taken, after which all are taken to be refused. */
const MOST_SINGLE = 16;

/** What is left of a batch: kept when it fails, so that nothing that was taken, or learned, has to be sent again. */
interface Delivery {
  /** Frames to send, as ranges in ascending order. */
  readonly ranges: (readonly [from: number, to: number])[];
  readonly rejected: Rejection[];
  taken: number;
}

/** Posts batches, one at a time, so that their order is kept. */
export class HttpSink implements Sink {
  readonly #options: HttpOptions;
  readonly #client: Client;
  /** Without the query, which may hold a key. */
  readonly #place: string;
  /** Deliveries that have begun, by their batch's bytes. */
  readonly #begun = new WeakMap<Uint8Array, Delivery>();

  constructor(options: HttpOptions, baseDir: string) {
    this.#options = options;
    this.#client = new Client(options, baseDir);
    const { origin, pathname } = new URL(options.url);
    this.#place = origin + pathname;
  }

  async write(batch: EncodedBatch, signal: AbortSignal): Promise<WriteResult> {
    const delivery = this.#begun.get(batch.bytes) ?? { ranges: [[0, batch.ends.length]], rejected: [], taken: 0 };
    this.#begun.set(batch.bytes, delivery);
    while (delivery.ranges.length > 0) await this.#send(batch, delivery, signal);
    return { rejected: delivery.rejected };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async check(signal: AbortSignal): Promise<void> {
    try {
      await this.#request("HEAD", null, signal);
    } finally {
      await this.#client.close();
    }
  }

  /** Sends the first range; what is refused for good is entered. */
  async #send(batch: EncodedBatch, delivery: Delivery, signal: AbortSignal): Promise<void> {
    const [from, to] = delivery.ranges[0] as readonly [number, number];
    const { method, retry_statuses: again } = this.#options;
    const answer = await this.#request(method, await bodyOf(batch, from, to, this.#options), signal);
    const { status } = answer;
    if (status >= 200 && status < 300) {
      delivery.taken += to - from;
      delivery.ranges.shift();
    } else if (status < 400 || status >= 500 || again.includes(status)) {
      await sleep(retryAfter(answer.retryAfter, Date.now()), undefined, { signal }).catch(() => undefined);
      throw this.#failure(
        `the server answered ${status}`,
        status < 400 ? "set `url` to where it redirects to" : undefined,
      );
    } else this.#refuse(delivery, from, to, status);
  }

  #refuse({ ranges, rejected, taken }: Delivery, from: number, to: number, status: number): void {
    const isWorthHalves = taken > 0 || rejected.length < MOST_SINGLE;
    if (ABOUT_EVENTS.has(status) && to - from > 1 && isWorthHalves) {
      const middle = from + Math.ceil((to - from) / 2);
      ranges.splice(0, 1, [from, middle], [middle, to]);
      return;
    }
    const reason = `the server answered ${status}`;
    for (let frame = from; frame < to; frame++) rejected.push({ frame, reason });
    ranges.shift();
  }

  async #request(method: "POST" | "PUT" | "HEAD", body: Uint8Array | null, signal: AbortSignal) {
    try {
      return await this.#client.request(method, body, signal);
    } catch (error) {
      throw this.#failure(reasonOf(error), undefined, error);
    }
  }

  #failure(what: string, hint?: string, cause?: unknown): SluiceError {
    return new SluiceError("SLUICE_UNREACHABLE", `cannot deliver to ${this.#place}: ${what}`, { hint, cause });
  }
}

function reasonOf(error: unknown): string {
  if ((error as { name?: unknown } | null)?.name === "TimeoutError") return "no answer within `timeout`";
  const { cause } = error as { cause?: unknown };
  return errorText(cause instanceof Error ? cause : error);
}
