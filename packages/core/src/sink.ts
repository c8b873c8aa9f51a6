import type { z } from "zod";
import type { BatchOrigin, EncodedBatch, Tally } from "./batch.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Lease } from "./claim.ts";
import type { CreateContext } from "./create-context.ts";
import type { Event, Value } from "./event.ts";
import type { JsonTemplate, ShapeField } from "./kernel-plan.ts";
import type { Logger } from "./logger.ts";

// Authors write functions, the runtime makes the streams. docs/component-contract.md says the same in prose.

/** Writes events as frames of one sink. Runs in the workers; pure. */
export interface Encoder {
  /** Appends one complete frame, delimiter included. Never throws on any event. */
  encode(event: Event, out: ByteWriter, tally: Tally): void;
  /** The same as a template for events of a known shape, or null when that cannot be said beforehand. */
  template?(shape: readonly ShapeField[]): JsonTemplate | null;
}

/** Part of a batch that can never be taken. */
export interface Rejection {
  readonly frame: number;
  readonly reason: string;
}

export interface WriteResult {
  /** Frames for the dead letter; all others are delivered. */
  readonly rejected?: readonly Rejection[];
  /**
   * Nothing will read the batch's bytes any more: no socket, file or worker has a write of them pending. The runtime
   * then gives their memory back at once, which spares the collector (a third of the runtime's CPU time). Only say so
   * when it is certain: memory that is still being written out would be another's by then.
   */
  readonly bytesUnused?: boolean;
}

export interface SinkContext {
  readonly log: Logger;
  /** Aborted at the drain deadline: give up what is in flight. */
  readonly deadline: AbortSignal;
}

/** A running sink. */
export interface Sink {
  /** Opens what lives as long as the sink. Called once before the first write. */
  start?(ctx: SinkContext): Promise<void>;
  /**
   * Resolves when the far end has the whole batch. Rejects when it may be offered again; the runtime does that with
   * backoff, so a sink holds no retry code. Several writes may be open at once, up to the sink's `maxInFlightBytes`.
   */
  write(batch: EncodedBatch, signal: AbortSignal): Promise<WriteResult | void>;
  /** No more writes will come: confirm what is open, so that pending writes settle. */
  drain?(): Promise<void>;
  /** Releases everything. Called once, also after a failure. */
  close?(): Promise<void>;
  check?(signal: AbortSignal): Promise<void>;
}

/** A batch on offer to a {@link StreamingSink}. It may hold no frame: then it only tells how far its stream has come. */
export interface OfferedBatch extends EncodedBatch {
  readonly origin: BatchOrigin;
  /** The sink has read the bytes and will not do so again: their memory is given back. */
  readonly release: () => void;
  /** The far end has all of it, so that its stream's position may move. Called once, in any order. */
  readonly settle: () => void;
}

/** Instead of a batch: finish what is open, because something waits for its acknowledgement. */
export const FLUSH = Symbol("flush");

/** How far a cut reaches in one stream: records with `from <= position < to`. */
export interface CutRange {
  readonly streamKey: string;
  readonly streamId: string;
  readonly from: number;
  readonly to: number;
  /** What the source goes on from after the cut; undefined when the stream cannot be read again. */
  readonly resume?: Value;
}

/** A piece of a source's input that a sink stores as one, all or nothing. */
export interface JournalledCut {
  readonly id: string;
  readonly source: string;
  readonly ranges: readonly CutRange[];
  /** The sink's own: what the piece becomes. */
  readonly note: Value;
}

/** Durable notes of one streaming sink. */
export interface SinkState {
  /**
   * Set when cuts and notes of this sink were lost with a damaged database: a name for that moment. What it stored before is
   * then read again and stored under other names, since nobody knows how it was cut.
   */
  readonly lost: string | undefined;
  /** Cuts whose positions are not all committed. Batches of these never cross their borders, also when read again. */
  cuts(): readonly JournalledCut[];
  /**
   * Notes a cut; on the disk when it returns. It is forgotten by itself, in the transaction that commits the last of its
   * positions. Throws SLUICE_STATE when the state cannot be written.
   */
  putCut(cut: JournalledCut): void;
  /** Notes what has changed of a cut; written soon. Nothing when the cut is forgotten already. */
  noteCut(cut: JournalledCut): void;
  removeCut(id: string): void;
  notes(): ReadonlyMap<string, Value>;
  /** Sets a note, or forgets it when the value is undefined; written soon. */
  setNote(name: string, value: Value | undefined): void;
  /** Writes everything now. Throws SLUICE_STATE when the state cannot be written. */
  save(): void;
}

export interface StreamingSinkContext {
  readonly log: Logger;
  /** Aborted when no more input is wanted: then what is not offered again now will be at the next start. */
  readonly stop: AbortSignal;
  /** Aborted at the drain deadline: give up what is in flight. */
  readonly deadline: AbortSignal;
  readonly state: SinkState;
  /**
   * Repeats an action until it resolves, with the growing pauses of the sink's `retry`; all actions at the far end pause
   * together. Rejects only after the deadline.
   * @param what For the log: what cannot be done when it rejects.
   */
  readonly persist: <T>(what: string, action: () => Promise<T>) => Promise<T>;
  /** The same for changes of `state`, which has troubles of its own. */
  readonly persistState: (what: string, change: () => void) => Promise<void>;
  /**
   * To be called before any of a cut is visible, when no record will be added to it: tells other sluices that share its
   * source. Resolves once that is certain; to null when they have some of its records: then none of it may become visible,
   * and `run` is to reject. Rejects only after the deadline.
   * @param late milliseconds for which an attempt to make it visible may go on after `isOurs` allowed it.
   */
  readonly claim: (cut: JournalledCut, late: number) => Promise<Lease | null>;
}

/** A sink whose writes live longer than a batch, e.g. uploads: it gathers batches, and settles them when they are stored. */
export interface StreamingSink {
  /**
   * Takes batches until there are no more, and resolves once everything it could store is settled. What is not settled
   * then is read again at the next start. It asks for the next batch only when it has room for it. Rejects when it has
   * lost what it had taken: the pipeline then ends, and reads again from its positions when it is started again.
   */
  run(batches: AsyncIterator<OfferedBatch | typeof FLUSH>, ctx: StreamingSinkContext): Promise<void>;
  close?(): Promise<void>;
  check?(signal: AbortSignal): Promise<void>;
}

export type AnySink = Sink | StreamingSink;

export interface SinkDefinition<O = unknown, S extends AnySink = AnySink> {
  readonly kind: "sink";
  readonly type: string;
  readonly summary: string;
  readonly options: z.ZodType<O>;
  /**
   * What the options stand for, besides the defaults of their type: the long form of a short one, and defaults that
   * follow from other options, as they would be written. For `sluice explain`.
   */
  readonly longForm?: (options: O) => Readonly<Record<string, Value>>;
  /** Pure part, for the workers. */
  encoder(options: O, ctx: CreateContext): Encoder;
  create(options: O, ctx: CreateContext): S;
  /** Whether writes may overlap; 1 keeps order strictly over failures too. Default 1. */
  readonly overlapping?: boolean;
}
