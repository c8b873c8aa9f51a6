import { join } from "node:path";
import {
  errorText,
  type Logger,
  SluiceError,
  type SourceState,
  type StateChanges,
  silentLogger,
  type Value,
} from "@sluice/core";
import { Adoption } from "./adoption.ts";
import { openDatabase, writeHint } from "./database.ts";
import type { BufferIndex, HeldBatch } from "./held.ts";
import { Journal } from "./journal.ts";
import { addLedger, type Ledger } from "./ledger.ts";
import { lockStateDir, type StateLock } from "./lock.ts";
import type { StateLoss } from "./loss-store.ts";
import { Pending } from "./pending.ts";
import { makePrivateDir } from "./private-files.ts";
import { openMemoryDatabase } from "./schema.ts";
import { DATABASE } from "./set-aside.ts";
import { StepMirror } from "./step-mirror.ts";
import { type Store, sqliteStore } from "./store.ts";

/** A batch that all sinks have settled, in its stream's order. */
export interface Commit {
  readonly pipeline: string;
  readonly source: string;
  readonly streamKey: string;
  /** Undefined: the stream cannot be resumed, only the ledger is entered. */
  readonly position: Value | undefined;
  readonly ledger: Ledger;
  /** Set when some of its parts lie in disk buffers. */
  readonly held?: HeldBatch | undefined;
  /** What the steps remember of the batch. */
  readonly changes?: StateChanges | undefined;
}

/** Milliseconds for which commits are gathered into one transaction. */
const GATHER_MS = 100;
/** Milliseconds between attempts to store while the database cannot be written, e.g. on a full disk. */
const RETRY_MS = 1000;

/**
 * Durable state of sluice: positions and the ledger. Both of a batch are stored in one transaction, so they agree
 * after `kill -9` at any moment. What could not be stored stays pending and is tried again.
 */
export class State {
  readonly #store: Store;
  readonly #lock: StateLock;
  readonly #log: Logger;
  readonly #pending = new Pending();
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  readonly #resolved = new Map<string, (change: Ledger) => void>();
  readonly #adoption: Adoption;
  /** Where it lies; undefined when it is gone with the process. */
  readonly dir: string | undefined;

  constructor(store: Store, lock: StateLock, log: Logger, dir?: string) {
    this.#store = store;
    this.#lock = lock;
    this.#log = log;
    this.dir = dir;
    this.#adoption = new Adoption({
      pending: this.#pending,
      isStored: (pipeline, batch) => store.held.hasBatch(pipeline, batch),
      tell: (pipeline, change) => this.#resolved.get(pipeline)?.(change),
    });
  }

  /** True while the database cannot be written. */
  get failing(): boolean {
    return this.#failing;
  }

  /** The last time that a damaged database was set aside here, in this run or an earlier one. */
  get loss(): StateLoss | undefined {
    return this.#store.losses.last;
  }

  /**
   * The sources and sinks of a pipeline that is started. After a loss they are taken for those whose state was lost; to be
   * called before anything else is asked for them.
   */
  expect(pipeline: string, components: readonly string[]): void {
    this.#store.losses.expect(pipeline, components);
  }

  /** All pipelines of this sluice were started: what is new from now on has lost nothing. */
  allKnown(): void {
    this.#store.losses.allKnown();
  }

  /** Notes a settled batch; stored within about 100 ms together with others. */
  commit(commit: Commit): void {
    const { pipeline, source, streamKey: stream, position, ledger, changes } = commit;
    if (position !== undefined) this.#pending.setPosition({ pipeline, source, stream, position });
    this.#pending.addLedger(pipeline, ledger);
    if (commit.held) this.#pending.held.push({ pipeline, held: commit.held });
    if (changes) this.#pending.addChanges(pipeline, changes);
    this.#storeSoon();
  }

  /** Calls `resolved` with each change of the pipeline's books that comes from its disk buffers. */
  onResolved(pipeline: string, resolved: (change: Ledger) => void): void {
    this.#resolved.set(pipeline, resolved);
  }

  /** Events that wait in the disk buffers of a pipeline, by sink. */
  waiting(pipeline: string): ReadonlyMap<string, number> {
    return this.#store.held.waiting(pipeline);
  }

  /** The books of a pipeline since its first run. */
  ledger(pipeline: string): Ledger {
    const ledger = this.#store.ledger(pipeline);
    const pending = this.#pending.ledgers.get(pipeline);
    if (pending) addLedger(ledger, pending);
    return ledger;
  }

  /** What the steps of a pipeline remember. */
  memories(pipeline: string): StepMirror {
    const mirror = new StepMirror(this.#store.memories(pipeline, Date.now()));
    const pending = this.#pending.memories.get(pipeline);
    if (pending) mirror.apply(pending);
    return mirror;
  }

  /** The state of one source, as its author sees it. */
  source(pipeline: string, source: string): SourceState {
    const put = (stream: string, position: Value | undefined) =>
      this.#pending.setPosition({ pipeline, source, stream, position });
    return {
      lost: this.#store.losses.lostAt(pipeline, source) !== undefined,
      all: () => this.#positions(pipeline, source),
      put: (entries) => {
        for (const [stream, position] of entries) put(stream, position);
        this.flush();
      },
      remove: (streams) => {
        for (const stream of streams) put(stream, undefined);
        this.flush();
      },
    };
  }

  /** What the state knows of the disk buffer of a sink. */
  buffer(pipeline: string, sink: string): BufferIndex {
    const { held } = this.#store;
    this.#adoption.looks(pipeline, sink);
    const enter = (change: () => void) => {
      change();
      this.#storeSoon();
    };
    return {
      status: (seq) => held.status(pipeline, sink, seq),
      unresolved: (before) => {
        const pending = this.#pending.resolutions.filter((one) => one.pipeline === pipeline && one.sink === sink);
        const resolved = new Set(pending.map(({ seq }) => seq));
        return held.unresolved(pipeline, sink, before).filter((seq) => !resolved.has(seq));
      },
      last: () => held.last(pipeline, sink),
      firstAfterLoss: (next) => this.#store.losses.firstRecord(pipeline, sink, next),
      waiting: () => held.waiting(pipeline).get(sink) ?? 0,
      resolve: (seq, result) => enter(() => this.#pending.resolutions.push({ pipeline, sink, seq, result })),
      adopt: (record) => enter(() => this.#adoption.adopt(pipeline, sink, record)),
      lookedBack: () => {
        this.#adoption.lookedBack(pipeline, sink);
        // What is expected is looked for where it is stored.
        this.#tick();
      },
      forget: (from, to) => enter(() => this.#pending.forgets.push({ pipeline, sink, from, to })),
      sync: () => this.flush(true),
    };
  }

  /** The notes of a streaming sink. */
  journal(pipeline: string, sink: string): Journal {
    const lostAt = this.#store.losses.lostAt(pipeline, sink);
    return new Journal({
      ...(lostAt !== undefined && { lost: Math.floor(lostAt / 1000).toString(36) }),
      read: (kind) => this.#store.notes(pipeline, sink, kind),
      set: (kind, name, value) => {
        this.#pending.setNote({ pipeline, sink, kind, name, value });
        this.#storeSoon();
      },
      flush: () => this.flush(true),
    });
  }

  /**
   * Stores everything pending now. Throws SLUICE_STATE when that fails; nothing is lost, it stays pending.
   * @param durable Wait until the disk has it, so that it survives a power cut.
   */
  flush(durable = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.empty) return;
    let changes: ReadonlyMap<string, Ledger>;
    try {
      changes = this.#store.apply(this.#pending, durable);
    } catch (error) {
      this.#timer = setTimeout(() => this.#tick(), RETRY_MS);
      throw this.#failed(error);
    }
    this.#pending.clear();
    for (const [pipeline, change] of changes) this.#resolved.get(pipeline)?.(change);
    if (this.#failing) this.#log.info({}, "the state database can be written again");
    this.#failing = false;
  }

  /** Stores what is pending and gives the directory free. Throws SLUICE_STATE when the last flush failed. */
  close(): void {
    try {
      this.flush();
    } finally {
      clearTimeout(this.#timer);
      this.#store.close();
      this.#lock.release();
    }
  }

  #storeSoon(): void {
    this.#timer ??= setTimeout(() => this.#tick(), this.#failing ? RETRY_MS : GATHER_MS);
  }

  #tick(): void {
    try {
      this.flush();
    } catch {
      // Logged by flush, which has also set the timer for the next attempt.
    }
  }

  #failed(error: unknown): SluiceError {
    const message = `the state database cannot be written: ${errorText(error)}`;
    const hint = writeHint(error);
    if (!this.#failing) this.#log.error({ code: "SLUICE_STATE", hint }, message);
    this.#failing = true;
    return new SluiceError("SLUICE_STATE", message, { hint, cause: error });
  }

  #positions(pipeline: string, source: string): Map<string, Value> {
    const positions = this.#store.positions(pipeline, source);
    for (const entry of this.#pending.positions.values()) {
      if (entry.pipeline !== pipeline || entry.source !== source) continue;
      if (entry.position === undefined) positions.delete(entry.stream);
      else positions.set(entry.stream, entry.position);
    }
    return positions;
  }
}

/** A state that is gone with the process, for runs that leave nothing behind. */
export function openMemoryState(options: { log?: Logger } = {}): State {
  return new State(sqliteStore(openMemoryDatabase()), { release() {} }, options.log ?? silentLogger);
}

function tellLoss(dir: string, { reason, kept }: StateLoss, log: Logger): void {
  const hint = "sources read again from their beginning, also with `start_at: end`: repeats have the same event.id";
  const what = kept === "" ? "" : `; it is set aside as ${kept}`;
  log.error(
    { code: "SLUICE_STATE_DAMAGED", hint },
    `the state database ${join(dir, DATABASE)} cannot be used: ${reason}${what}; positions and ledger begin anew`,
  );
}

/**
 * Opens the state directory, creating it with mode 0750. Throws SLUICE_STATE_LOCKED when another sluice uses it,
 * SLUICE_STATE when it cannot be used. A damaged database is set aside, which the log and `loss` tell.
 */
export function openState(dir: string, options: { log?: Logger } = {}): State {
  const { log = silentLogger } = options;
  let lock: StateLock | undefined;
  try {
    makePrivateDir(dir);
    lock = lockStateDir(dir);
    const { db, loss } = openDatabase(dir);
    if (loss) tellLoss(dir, loss, log);
    return new State(sqliteStore(db), lock, log, dir);
  } catch (error) {
    lock?.release();
    if (error instanceof SluiceError) throw error;
    throw new SluiceError("SLUICE_STATE", `cannot open the state directory ${dir}: ${errorText(error)}`, {
      hint: "see that the directory can be written by the user sluice runs as, or choose another with --state-dir",
      cause: error,
    });
  }
}
