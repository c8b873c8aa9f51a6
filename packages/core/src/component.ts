import type { z } from "zod";
import type { BatchOrigin, EncodedBatch, SourceBatch, Tally } from "./batch.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Event, Value } from "./event.ts";
import type { JsonTemplate, ParsePlan, PlanConstant, ShapeField } from "./kernel-plan.ts";
import type { Logger } from "./logger.ts";
import type { Memory } from "./memory.ts";

// Authors write functions, the runtime makes the streams. docs/component-contract.md says the same in prose.

/** What `create` may use: construction is inert, so there is nothing here that does I/O. */
export interface CreateContext {
  /** Name of the component in the pipeline file (`access`, `graylog`, `steps[2]`). */
  readonly name: string;
  readonly pipeline: string;
  /** Directory of the pipeline file, for relative paths. */
  readonly baseDir: string;
  /** This machine's name, as GELF `host` and `host.name`. */
  readonly hostname: string;
  /**
   * Warns at validation and at start, e.g. about `verify: false`.
   * @param written the value or key at fault as it is written, so that its place can be shown
   */
  readonly warn: (message: string, written?: string) => void;
}

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
  lost(reason: string, records: number): void;
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

/** What a step sees of the run. Pure: time is passed in. */
export interface StepRun {
  /** Milliseconds since the epoch when the batch was read. */
  readonly now: number;
  readonly tally: Tally;
  /** For steps with `memories` or `tick`. */
  readonly flow?: StepFlow;
}

/** An event that a step holds back; its batch is not settled before it is released. */
export interface Hold {
  readonly batch: unknown;
}

/** What a step can do besides passing on or dropping the event at hand. */
export interface StepFlow {
  /** `stream.id` of the event at hand. */
  readonly stream: string;
  /** Position of the event at hand in its stream; NaN when it has none. */
  readonly position: number;
  /** Passes on a new event to the steps that follow. It is counted as made, and gives itself `event.id` and `@timestamp`. */
  emit(event: Event): void;
  /** Keeps the event at hand, for which `apply` then returns null. Every hold is released, at a tick at the latest. */
  hold(): Hold;
  /** The event at hand went into one that is held: `apply` returns null, and it is counted as dropped for `joined`. */
  join(): void;
  /**
   * Passes on a held event to the steps that follow, as a part of the batch that it came with.
   * @param remember changes memories on behalf of that batch
   */
  release(hold: Hold, event: Event, remember?: () => void): void;
}

/**
 * Why a step is asked for what is due. `time`: time has passed. `pressure`: too much is held back, it has to go.
 * `stop`: the run ends, and goes on from here at the next start; nothing may be held back. `end`: the input has ended.
 */
export type Tick = "time" | "pressure" | "stop" | "end";

/**
 * Looks at whole batches of bytes for lines that a step might do anything about, so that all others can stay in the
 * kernel. It may name a line too many, never one too few.
 */
export interface Screen {
  /** Where such lines begin, in ascending order. Lines end with a newline; each stands for itself. */
  suspects(data: Uint8Array<ArrayBuffer>): readonly number[];
}

// biome-ignore lint/suspicious/noExplicitAny: memories of steps hold what the step says
export type AnyMemory = Memory<any>;

/** A step over one event: the event (changed in place) or null when it is dropped for `reason`. */
export interface Step {
  readonly apply: (event: Event, run: StepRun) => Event | null;
  /**
   * For steps without which an event must not leave, like `sanitize`: called instead of `apply`, whatever the step's
   * `when` says, for an event that passes all steps by because one of them hung on it. Makes the event safe without doing
   * anything that could hang, e.g. by withholding its text; null drops it.
   */
  readonly skipped?: (event: Event, run: StepRun) => Event | null;
  /** Everything that the step remembers from event to event, by name. */
  readonly memories?: Readonly<Record<string, AnyMemory>>;
  /** Called about every second, and at the end, for what is due without an event: see {@link StepFlow.emit}. */
  readonly tick?: (run: StepRun, why: Tick) => void;
  /** Count under which events dropped by this step appear in the ledger. */
  readonly reason?: string;
  /** Tells the kernel how to do the same on bytes, when that is possible. */
  readonly plan?: ParsePlan;
  /** Fields that the step sets on every event, whatever it holds; nothing else happens in it. */
  readonly constants?: readonly PlanConstant[];
  /**
   * For a step that leaves most events alone, and that looks at a string on its own: what it finds in a part of a line it
   * would find in the line. Null when it can name no lines beforehand.
   */
  readonly screen?: () => Screen | null;
  /** Slow checks that only `validate` runs, e.g. for patterns that backtrack. Resolves to warnings. */
  readonly diagnose?: () => Promise<readonly string[]>;
}

/** How far a program may be spread over worker threads. */
export type Spread = "any" | "by-stream" | "single";

/** Grok pattern files: name → text. Read by the CLI, so that steps stay pure. */
export type PatternFiles = Readonly<Record<string, string>>;

export interface StepContext extends CreateContext {
  readonly patterns: PatternFiles;
}

export interface StepDefinition<O = unknown> {
  readonly kind: "step";
  /** The key in the pipeline file, e.g. `parse`. */
  readonly type: string;
  readonly summary: string;
  readonly options: z.ZodType<O>;
  readonly spread: Spread;
  /**
   * Whether it runs on events that went through a pipeline before and are read back from an archive: for steps that
   * decide about an event and change nothing in it. All others leave such an event as it was archived, but for those that
   * must not be passed by (`Step.skipped`). Default false.
   */
  readonly again?: boolean;
  /**
   * What the options stand for, besides the defaults of their type: the long form of a short one, and defaults that
   * follow from other options, as they would be written. For `sluice explain`.
   */
  readonly longForm?: (options: O) => Readonly<Record<string, Value>>;
  create(options: O, ctx: StepContext): Step;
}

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
