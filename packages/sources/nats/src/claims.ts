import type { Consumer, JsMsg, StreamInfo } from "@nats-io/jetstream";
import { type Claim, type ClaimRequest, type Lease, type Logger, OWN_ALONE } from "@sluice/core";
import { type NatsLink, natsFault } from "@sluice/nats";
import { ClaimLog, type LogEntry } from "./claim-log.ts";
import { ClaimTroubles } from "./claim-troubles.ts";
import { Flight, type FlyingBatch } from "./flight.ts";
import type { Held } from "./held.ts";
import { type ClaimEntry, claimEntry, type KnownClaim, KnownClaims } from "./known-claims.ts";
import { leased } from "./lease.ts";
import { packSeqs } from "./seqs.ts";

/** Messages that one entry names at most: it has to be smaller than what the servers take. */
const MOST_SEQS = 200_000;
const TICK_MS = 30_000;
/** How long claims are kept for sluices that do not know yet that their messages are acknowledged. */
const KEEP_MS = 10 * 60_000;
/** When a message comes again of which it cannot be told at present who has it. */
const AGAIN_MS = 1000;
/** Added to the time that others have left, for clocks that do not tick alike. */
const MARGIN_MS = 200;

export interface ClaimsOptions {
  readonly link: NatsLink;
  readonly stream: StreamInfo;
  readonly consumer: Consumer;
  readonly consumerName: string;
  /** Of the batches of this run; sinks name them in their cuts. */
  readonly streamId: string;
  readonly ackWait: number;
  readonly timeout: number;
  readonly held: Held;
  readonly log: Logger;
}

/** A message that has come, with moments of the monotonic clock. */
export interface Arrived {
  readonly message: JsMsg;
  /** When it was asked for. */
  readonly asked: number;
  readonly came: number;
}

/** Messages by what others have to do with them. */
export interface Sorted {
  /** Nobody else had them in hand. */
  readonly free: JsMsg[];
  /** Others may have stored them; what of that is there by now stays. */
  readonly again: { readonly messages: JsMsg[]; readonly claims: readonly Claim[] }[];
  /** Others may yet store them. */
  readonly waiting: JsMsg[];
}

/**
 * What the sluices of a consumer tell each other so that no message is stored twice: which messages they are about to make
 * visible, and whose work they take over. docs/decisions/009.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #log: ClaimLog;
  readonly #known = new KnownClaims();
  readonly flight = new Flight();
  /** For how long an attempt may begin after it was certain that a claim is ours. */
  readonly #lease: number;
  readonly #keep: number;
  readonly #troubles: ClaimTroubles;
  #works = false;
  #timer: NodeJS.Timeout | undefined;
  #lastRead = performance.now();
  /** Until then postponed messages come again, on the monotonic clock. */
  postponedUntil = 0;

  constructor(options: ClaimsOptions) {
    const { link, stream, consumerName: consumer, ackWait, timeout } = options;
    this.#options = options;
    this.#lease = ackWait / 3;
    this.#keep = Math.max(KEEP_MS, 10 * ackWait);
    const read = (entry: LogEntry) => this.#read(entry);
    const current = (began: number) => this.#current(began);
    this.#log = new ClaimLog({ link, stream: stream.config.name, consumer, timeout, read, current });
    this.#troubles = new ClaimTroubles(options.log, this.#log.name);
  }

  /** Rejects when the servers do not answer. Where they refuse it goes on without claims, and says so. */
  async open(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      this.#refused(error, "cannot read the claims of other sluices");
    }
    this.#timer = setInterval(() => void this.#tick(), TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** See `Source.claim`. */
  async claim({ sink, cut, late }: ClaimRequest): Promise<Lease | null> {
    const ranges = cut.ranges.filter(({ streamId }) => streamId === this.#options.streamId);
    const batches = ranges.flatMap((range) => this.flight.of(range));
    const seqs = batches.flatMap((batch) => batch.seqs).sort((a, b) => a - b);
    if (!this.#works || seqs.length === 0) return OWN_ALONE;
    // From now on another sluice may find it under this claim: then it must not get it before the claim has aged.
    this.#options.held.claim(seqs);
    const isOurs = () => !this.flight.isTaken(batches, sink) && this.#known.get(cut.id)?.revoked === undefined;
    try {
      const began = performance.now();
      const entry = { id: cut.id, sink, by: this.#options.streamId, late: this.#lease + late, note: cut.note };
      const isNew = await this.#enter(entry, seqs, isOurs);
      const since = isNew ? began : Number.NEGATIVE_INFINITY;
      return isOurs() ? leased({ log: this.#log, id: cut.id, isOurs, lease: this.#lease, since }) : null;
    } catch (error) {
      this.#refused(error, "cannot tell other sluices what is about to be stored");
      return OWN_ALONE;
    }
  }

  /** Reads what others have claimed if that may matter for these messages. False: that could not be done now. */
  async refresh(arrived: readonly Arrived[]): Promise<boolean> {
    const isNews = arrived.some(({ message, came }) => message.redelivered && came >= this.#lastRead);
    if (!this.#works || !isNews) return true;
    try {
      await this.#log.catchUp();
      return true;
    } catch (error) {
      if (!this.#works || this.#isRefusal(error)) return true;
      this.#troubles.late(error);
      return false;
    }
  }

  /** @param isCurrent what `refresh` has said */
  sort(arrived: readonly Arrived[], isCurrent: boolean): Sorted {
    const sorted: Sorted = { free: [], again: [], waiting: [] };
    const now = performance.now();
    const groups = new Map<string, Sorted["again"][number]>();
    for (const { message, asked } of arrived) {
      const claims = this.#works ? this.#known.covering(message.seq) : [];
      // Claims are kept for a while after their messages are acknowledged; what has lain here for longer is asked for anew.
      const isOld = now - asked > this.#keep / 2;
      if (isOld || (message.redelivered && !isCurrent) || claims.some((claim) => this.#left(claim, now) > 0)) {
        sorted.waiting.push(message);
      } else if (claims.length === 0) sorted.free.push(message);
      else groupOf(groups, claims).messages.push(message);
    }
    sorted.again.push(...groups.values());
    return sorted;
  }

  /** Notes messages that are emitted from a position on. */
  begin(first: number, messages: readonly JsMsg[], claims: readonly Claim[] = []): FlyingBatch {
    const seqs = messages.map(({ seq }) => seq);
    return this.flight.begin(first, seqs, new Set(claims.map(({ id }) => id)));
  }

  /** Takes messages over from others, and has them come again when what those have begun must be over. */
  async takeOver(messages: readonly JsMsg[]): Promise<void> {
    const isDone = await this.#revoke(messages).then(
      () => true,
      (error: unknown) => {
        this.#troubles.late(error);
        return false;
      },
    );
    const now = performance.now();
    for (const { seq } of messages) {
      const left = this.#known.covering(seq).map((claim) => this.#left(claim, now));
      const delay = isDone ? Math.max(0, ...left) + MARGIN_MS : AGAIN_MS;
      this.postponedUntil = Math.max(this.postponedUntil, now + 2 * delay);
      this.#options.held.postpone(seq, delay);
    }
  }

  async #begin(): Promise<void> {
    await this.#log.ensure(this.#options.stream);
    await this.#log.catchUp();
    this.#works = true;
  }

  /** Enters a claim, in parts. Resolves to whether all of it is of this moment. */
  async #enter(claim: Omit<ClaimEntry, "seqs">, seqs: readonly number[], isOurs: () => boolean): Promise<boolean> {
    let isNew = true;
    for (let part = 0; part * MOST_SEQS < seqs.length; part++) {
      // An attempt without an answer may have written it.
      const isThere = () => (this.#known.get(claim.id)?.parts.length ?? 0) > part;
      const packed = packSeqs(seqs.slice(part * MOST_SEQS, (part + 1) * MOST_SEQS));
      const body = JSON.stringify({ ...claim, seqs: packed });
      if (!(await this.#log.append(`${claim.id}.${part}`, body, () => isOurs() && !isThere()))) isNew = false;
      if (!isOurs()) return false;
    }
    return isNew;
  }

  async #revoke(messages: readonly JsMsg[]): Promise<void> {
    const ids = new Set(messages.flatMap(({ seq }) => this.#known.covering(seq).map(({ id }) => id)));
    for (const id of ids) {
      const isOpen = () => this.#known.get(id)?.revoked === undefined;
      if (isOpen()) await this.#log.append(`${id}.${REVOKED}`, this.#options.streamId, isOpen);
    }
  }

  /** Milliseconds for which an object of a claim may still appear. */
  #left({ revoked, late }: KnownClaim, now: number): number {
    return revoked === undefined ? Number.POSITIVE_INFINITY : revoked + late + MARGIN_MS - now;
  }

  #read({ name, body, at }: LogEntry): void {
    const [id, what] = name.split(".") as [string, string];
    if (what === REVOKED) this.#known.revoke(id, performance.now());
    if (!/^\d+$/.test(what)) return;
    const entry = claimEntry(body);
    if (!entry) return;
    const part = this.#known.add(entry, at);
    if (entry.by !== this.#options.streamId) this.flight.claimed(id, entry.sink, part);
  }

  /** All was read that there was at a moment. */
  #current(began: number): void {
    if (began - this.#lastRead > this.#keep / 2) this.flight.doubt();
    this.#lastRead = began;
    this.#troubles.over();
  }

  async #tick(): Promise<void> {
    try {
      if (!this.#works) await this.#begin();
      else await this.#log.catchUp();
      const { ack_floor: floor } = await this.#options.consumer.info();
      const first = this.#known.forget(floor.stream_seq, performance.now(), this.#keep);
      await this.#log.removeBefore(first);
    } catch (error) {
      if (this.#works) this.#troubles.late(error);
    }
  }

  /** Whether it cannot work at all: then it goes on without. Throws what may pass. */
  #refused(error: unknown, what: string): void {
    if (!this.#isRefusal(error)) throw natsFault(error, what, "SLUICE_SOURCE");
  }

  #isRefusal(error: unknown): boolean {
    if (!this.#troubles.refused(error)) return false;
    this.#works = false;
    return true;
  }
}

const REVOKED = "revoked";

function groupOf(groups: Map<string, Sorted["again"][number]>, claims: readonly KnownClaim[]) {
  const key = claims.map(({ id }) => id).join();
  let group = groups.get(key);
  if (!group) {
    group = { messages: [], claims: claims.map(({ id, sink, note }) => ({ id, sink, note })) };
    groups.set(key, group);
  }
  return group;
}
