import type { NatsConnection } from "@nats-io/transport-node";

// The words of a consumer's protocol; the client says them only for messages whose bytes it still holds.
const ACK = new TextEncoder().encode("+ACK");
const WORKING = new TextEncoder().encode("+WPI");

const LEAVE = new TextEncoder().encode("-NAK");
const NANOS = 1_000_000;

/** Acknowledgements under way at once. */
const CONCURRENT = 512;
const ATTEMPTS = 5;

/** Messages that were taken and are not settled: keeps them ours, and acknowledges them when they are settled. */
export class Held {
  readonly #connection: NatsConnection;
  readonly #timeout: number;
  /** Where to acknowledge, by the message's place in the stream. */
  readonly #replies = new Map<number, string>();
  /** Those that another sluice may not get at once when this one leaves. */
  readonly #claimed = new Set<number>();
  /** Taken since the servers were told last: they know yet that work goes on. */
  readonly #young = new Set<number>();
  /** Settled, and not known to be acknowledged. */
  readonly #settled = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  readonly #queue: number[] = [];
  #acking = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];

  /**
   * @param keepEvery milliseconds after which the servers are told again that work goes on; of a message for the first time
   * after at most twice as many
   */
  constructor(connection: NatsConnection, timeout: number, keepEvery: number) {
    this.#connection = connection;
    this.#timeout = timeout;
    this.#timer = setInterval(() => this.#keep(), keepEvery);
  }

  get count(): number {
    return this.#replies.size;
  }

  /** Notes a message; false when it is one that is held already and only came again. */
  take(seq: number, reply: string): boolean {
    const isNew = !this.#replies.has(seq);
    // The latest delivery is the one that counts.
    this.#replies.set(seq, reply);
    this.#young.add(seq);
    return isNew;
  }

  /**
   * All of these have arrived where they belong. They are acknowledged at once, so that there is hardly a moment in which
   * a kill would bring them again, and then once more, to know that it was heard.
   */
  settled(seqs: readonly number[]): void {
    if (this.#connection.isClosed()) return;
    for (const seq of seqs) {
      const reply = this.#replies.get(seq);
      if (reply === undefined) continue;
      this.#connection.publish(reply, ACK);
      this.#settled.add(seq);
      this.#queue.push(seq);
    }
    this.#pump();
  }

  /** A sink is about to make these visible. */
  claim(seqs: readonly number[]): void {
    for (const seq of seqs) this.#claimed.add(seq);
  }

  /** Gives a message back, so that it comes again, here or elsewhere, after so many milliseconds. */
  postpone(seq: number, ms: number): void {
    const reply = this.#replies.get(seq);
    if (reply === undefined) return;
    const delay = JSON.stringify({ delay: Math.ceil(ms) * NANOS });
    if (!this.#connection.isClosed()) this.#connection.publish(reply, `-NAK ${delay}`);
    this.#forget(seq);
  }

  /** Resolves when fewer than `limit` are held. */
  async below(limit: number, stop: AbortSignal): Promise<void> {
    while (this.#replies.size >= limit && !stop.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        stop.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /**
   * Waits for what is being acknowledged, and gives the rest to others at once. What is about to become visible goes to them
   * when it is not heard of any more.
   */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#acking > 0 && !this.#connection.isClosed())
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    for (const [seq, reply] of this.#replies)
      if (!this.#claimed.has(seq) && !this.#connection.isClosed()) this.#connection.publish(reply, LEAVE);
    this.#replies.clear();
    this.#wake();
  }

  #pump(): void {
    while (this.#acking < CONCURRENT && this.#queue.length > 0) {
      this.#acking++;
      void this.#acknowledge(this.#queue.pop() as number).finally(() => {
        this.#acking--;
        this.#pump();
        if (this.#acking === 0) for (const resolve of this.#idle.splice(0)) resolve();
      });
    }
  }

  /** An acknowledgement that gets lost would bring the message again: it is repeated until it is answered. */
  async #acknowledge(seq: number): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS && !this.#connection.isClosed(); attempt++) {
      const reply = this.#replies.get(seq);
      if (reply === undefined) return;
      try {
        await this.#connection.request(reply, ACK, { timeout: this.#timeout });
        break;
      } catch {
        // Asked again, or given up: then it comes again, with the same event.id.
      }
    }
    this.#forget(seq);
  }

  #forget(seq: number): void {
    this.#replies.delete(seq);
    this.#claimed.delete(seq);
    this.#young.delete(seq);
    this.#settled.delete(seq);
    this.#wake();
  }

  /**
   * Only for those for which it is time, since to the servers each of these is work as much as an acknowledgement: a hundred
   * thousand of them every two seconds have kept a cluster from hearing the acknowledgements.
   */
  #keep(): void {
    if (this.#connection.isClosed()) return;
    for (const [seq, reply] of this.#replies) {
      if (!this.#young.has(seq) && !this.#settled.has(seq)) this.#connection.publish(reply, WORKING);
    }
    this.#young.clear();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
