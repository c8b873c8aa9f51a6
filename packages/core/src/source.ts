import type { z } from "zod";
import type { SourceBatch } from "./batch.ts";
import type { ClaimRequest, Lease } from "./claim.ts";
import type { CreateContext } from "./create-context.ts";
import type { Value } from "./event.ts";
import type { Logger } from "./logger.ts";
import type { LostReason } from "./lost-reasons.ts";

// Authors write functions, the runtime makes the streams. docs/component-contract.md says the same in prose.

/** Positions and other durable notes of one source. Writes are durable when the call returns. */
export interface SourceState {
  /**
   * Positions of this source were lost with a damaged database. What has none now is read from its beginning, even where
   * a first start would begin at the end: rather twice than never.
   */
  readonly lost: boolean;
  /** Every stream that has a stored position. */
  all(): ReadonlyMap<string, Value>;
  /** Stores positions outside the order of acks, e.g. the identity of files just found, in one transaction. */
  put(entries: ReadonlyMap<string, Value>): void;
  /** Forgets streams that will never be read again. */
  remove(streamKeys: readonly string[]): void;
}

export interface SourceContext {
  /** Hands on a batch; resolves when the pipeline has room for the next one. Rejects after the deadline. */
  emit(batch: SourceBatch): Promise<void>;
  /** Aborted when no more input is wanted: return from `run` soon, pending batches are drained by the runtime. */
  readonly stop: AbortSignal;
  /** True for `--until-eof` and `replay`: return once everything that is there now has been emitted. */
  readonly finite: boolean;
  readonly state: SourceState;
  readonly log: Logger;
  /** Batches of the stream that were emitted and are not settled yet. */
  inFlight(streamKey: string): number;
  /**
   * Enters records into the ledger that were lost before they could be read, as dropped for `reason`: datagrams that
   * found a full buffer, messages whose chunks never came.
   */
  lost(reason: LostReason, records: number): void;
  /** Asks the sinks to finish what they gather: the source waits for batches to be settled before it can go on. */
  hurry(): void;
}

/** A running source. */
export interface Source {
  /** Reads until `ctx.stop` or the end of a finite input. Throws only when it cannot go on at all. */
  run(ctx: SourceContext): Promise<void>;
  /** Tells whether its input can be read now (`validate --connect`). */
  check?(signal: AbortSignal): Promise<void>;
  /**
   * For a source that acknowledges to its far end: called once after `run`, when all that will be settled is. It
   * tells the far end of the last of it, and releases what it needed for that.
   */
  close?(): Promise<void>;
  /**
   * For a source that shares its input with other sluices: enters that a sink is about to make a cut of it visible, so that
   * another one which gets the same records can look whether they are stored. Null: another has claimed some of the
   * records, and this cut may not become visible. Rejects when that may work later.
   */
  claim?(request: ClaimRequest): Promise<Lease | null>;
  /** Its batches leave the workers in the order in which it emits them, over all its streams, not just within each. */
  readonly ordered?: boolean;
  /**
   * Milliseconds that `run` may go on after `ctx.stop` for input that is on its way and cannot be asked for again, e.g.
   * until peers have answered a FIN; `Infinity` for as long as the drain may take. `emit` waits for room in this time as
   * before. Default 0.
   */
  readonly lingers?: number;
}

export interface SourceDefinition<O = unknown> {
  readonly kind: "source";
  readonly type: string;
  /** One sentence for the reference. */
  readonly summary: string;
  readonly options: z.ZodType<O>;
  create(options: O, ctx: CreateContext): Source;
}
