import { setMaxListeners } from "node:events";
import { Duplex, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Lanes, Place } from "./lanes.ts";

// The only place that knows Node's streams. A chunk is a batch; every highWaterMark is 1, so what waits between two
// stages is one batch.

/** A source's end of the pipeline. */
export interface SourceStream<T> {
  readonly readable: Readable;
  /** Resolves when the pipeline has room for the next batch. Rejects when it is closed. */
  push(item: T): Promise<void>;
  /** Lets waiting `push` calls go: the source is to stop, and what it has pushed is kept. */
  release(): void;
  end(): void;
}

/** A `Readable` that is fed by awaiting `push`. */
export function sourceStream<T>(): SourceStream<T> {
  const waiting: (() => void)[] = [];
  let ended = false;
  let broken = false;
  let released = false;
  const release = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 1,
    read: release,
    destroy(error, done) {
      broken = true;
      release();
      done(error);
    },
  });
  return {
    readable,
    async push(item) {
      if (ended || broken) throw new Error("the pipeline is closed");
      if (readable.push(item) || released) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (broken) throw new Error("the pipeline is closed");
    },
    release() {
      released = true;
      release();
    },
    end() {
      ended = true;
      release();
      if (!broken) readable.push(null);
    },
  };
}

/** How many times `limit` items may be in the program, counting results that wait for an earlier one of their lane. */
const WAITING = 4;

/** What runs between sources and sinks. */
export interface ProgramStage<I, O> {
  /** Items that may be at work at once. */
  readonly limit: number;
  readonly lanes: Lanes<O>;
  /** The item's place in its lane: results leave in that order. */
  readonly place: (item: I) => Place<O>;
  /** `held` says that the result will come with a later item: then it does not count as being at work. */
  readonly run: (item: I, held: () => void) => Promise<O>;
}

/** The transform between sources and sinks. */
export function programStream<I, O>(stage: ProgramStage<I, O>): Duplex {
  let open = 0;
  let atWork = 0;
  let waiting = 0;
  let next: (() => void) | undefined;
  let ended: (() => void) | undefined;
  let hungry = true;

  const proceed = (stream: Duplex) => {
    if (open === 0 && ended) {
      const done = ended;
      ended = undefined;
      stream.push(null);
      return done();
    }
    if (atWork >= stage.limit || open - waiting >= stage.limit * WAITING || !hungry || !next) return;
    const resume = next;
    next = undefined;
    resume();
  };
  const work = async (stream: Duplex, item: I) => {
    let isHeld = false;
    const held = () => {
      if (isHeld) return;
      isHeld = true;
      atWork--;
      waiting++;
      proceed(stream);
    };
    try {
      const result = await stage.run(item, held);
      if (isHeld) waiting--;
      else atWork--;
      for (const ready of stage.lanes.finish(stage.place(item), result)) {
        open--;
        hungry = stream.push(ready);
      }
      proceed(stream);
    } catch (error) {
      stream.destroy(error as Error);
    }
  };

  return new Duplex({
    objectMode: true,
    highWaterMark: 1,
    write(item: I, _encoding, done) {
      open++;
      atWork++;
      next = done;
      void work(this, item);
      proceed(this);
    },
    read() {
      hungry = true;
      proceed(this);
    },
    final(done) {
      ended = done;
      proceed(this);
    },
  });
}

/** A sink's end of the pipeline. */
export interface SinkStage<T> {
  /** Takes an item; a promise says that the next one has to wait for it. */
  readonly accept: (item: T) => Promise<void> | undefined;
  /** No item will follow; resolves when all are settled. */
  readonly finish: () => Promise<void>;
  /** Rejects when the sink has broken, which ends the pipeline. */
  readonly ended?: Promise<void>;
}

/** A `Writable` over a sink's runner. */
export function sinkStream<T>(stage: SinkStage<T>): Writable {
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write(item: T, _encoding, done) {
      const room = stage.accept(item);
      if (room) void callBack(room, done);
      else done();
    },
    final(done) {
      void callBack(stage.finish(), done);
    },
  });
  stage.ended?.catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}

async function callBack(work: Promise<void>, done: (error?: Error | null) => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    return done(error as Error);
  }
  done();
}

/** A source that outlives the others. */
export interface LastSource {
  readonly readable: Readable;
  /** The others have ended, and the program has taken what they read. Resolves when this one has ended, too. */
  finish(): Promise<void>;
}

/** Joins sources, program and sinks; resolves when everything has run through, rejects when a stage breaks. */
export async function join(
  sources: readonly Readable[],
  program: Duplex,
  sinks: readonly Writable[],
  signal: AbortSignal,
  last: LastSource,
): Promise<void> {
  setMaxListeners(0, program, signal);
  const heads = sources.map((source) => pipeline(source, program, { end: false, signal }));
  const tails = sinks.map((sink) => pipeline(program, sink, { signal }));
  const lastHead = pipeline(last.readable, program, { end: false, signal });
  const ended = (async () => {
    await Promise.all(heads);
    await last.finish();
    await lastHead;
    program.end();
  })();
  await Promise.all([ended, lastHead, ...tails]);
}
