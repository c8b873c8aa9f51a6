import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { DamagedArchiveError, type LineBatch, lineBatches, openContent } from "@sluice/archive";
import {
  isCredentialsFault,
  type ListedObject,
  listObjects,
  ObjectChangedError,
  readObject,
  s3Fault,
  statusOf,
} from "@sluice/aws";
import { orStopped, SluiceError, type SourceBatch, type SourceContext, type Value } from "@sluice/core";
import { type Cursor, isAfter, type ObjectPosition, Progress, STREAM_KEY } from "./cursor.ts";
import type { S3SourceOptions } from "./options.ts";

const BATCH_BYTES = 262_144;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;
/** Failures in a row after which a finite run gives up. */
const FINITE_ATTEMPTS = 5;
/** Passes of a finite run over a bucket that changes all the time. */
const FINITE_PASSES = 5;

/** One run of the source. */
export class Reading {
  readonly #client: S3Client;
  readonly #options: S3SourceOptions;
  readonly #ctx: SourceContext;
  readonly #progress: Progress;
  /** Objects that changed while they were listed or read: this pass missed them. */
  #missed = 0;

  constructor(client: S3Client, options: S3SourceOptions, ctx: SourceContext) {
    this.#client = client;
    this.#options = options;
    this.#ctx = ctx;
    this.#progress = new Progress(ctx.state, {
      now: Date.now(),
      lookback: options.lookback,
      passOver: options.start_at === "end" && !ctx.state.lost,
    });
  }

  async run(): Promise<void> {
    const { stop, finite } = this.#ctx;
    for (let passes = 1; !stop.aborted; passes++) {
      const resumed = this.#progress.cursor.after !== "" || this.#progress.cursor.object !== undefined;
      this.#missed = 0;
      await this.#pass();
      // A pass that began in the middle has not seen what came before that.
      if (finite && ((!resumed && this.#missed === 0) || passes === FINITE_PASSES)) break;
      if (!finite) await this.#pause(this.#options.interval);
    }
    if (!stop.aborted && this.#progress.toRetry > 0) {
      throw new SluiceError("SLUICE_SOURCE", `${this.#progress.toRetry} objects could not be read`, {
        hint: "the log names them; the next run tries them again",
      });
    }
  }

  /** Deals with all that is listed, once. */
  async #pass(): Promise<void> {
    const { stop } = this.#ctx;
    this.#progress.prune();
    const before = this.#progress.cursor;
    await this.#persistently(
      () => this.#objects(),
      () => this.#progress.cursor,
    );
    if (stop.aborted) return;
    if (this.#progress.cursor === before && before.after === "") return;
    await this.#move(this.#progress.nextPass(Date.now()));
  }

  async #objects(): Promise<void> {
    const { bucket, prefix } = this.#options;
    const { after } = this.#progress.cursor;
    let last = "";
    for await (const object of listObjects(this.#client, { bucket, prefix, after }, this.#ctx.stop)) {
      if (this.#ctx.stop.aborted) return;
      if (last !== "" && !isAfter(object.key, last)) throw outOfOrder();
      last = object.key;
      // A store that begins its list at the beginning all the same.
      if (after !== "" && !isAfter(object.key, after)) continue;
      // A key that ends with a slash is what consoles show as a directory.
      const from = object.size > 0 ? this.#progress.begin(object) : null;
      if (from && this.#progress.cursor.passOver) await this.#move(this.#progress.behind(object));
      else if (from) await this.#object(object, from);
      if (this.#ctx.stop.aborted) return;
    }
  }

  async #object(object: ListedObject, from: ObjectPosition): Promise<void> {
    const { stop, log } = this.#ctx;
    const name = this.#nameOf(object.key);
    let at = from;
    try {
      for await (const { data, framing, end } of await this.#batches(object, from)) {
        if (stop.aborted) return;
        at = { ...at, ...end };
        await this.#emit({
          ...this.#streamOf(object),
          data,
          framing,
          position: this.#progress.within(at) as unknown as Value,
        });
        if (stop.aborted) return;
      }
    } catch (error) {
      if (stop.aborted || error instanceof EmitFailure) throw error;
      if (error instanceof ObjectChangedError) {
        this.#missed++;
        log.warn({ object: name }, "the object was overwritten or deleted while it was listed or read");
        return this.#move(this.#progress.behind({ ...object, etag: "" }));
      }
      if (!(error instanceof DamagedArchiveError)) return this.#setAside(object, at, error);
      const message = `${name}: ${error.message}; read up to byte ${at.offset} of its content`;
      log.error({ object: name, offset: at.offset, code: "SLUICE_SOURCE" }, message);
    }
    if (!stop.aborted) await this.#move(this.#progress.behind(object));
  }

  /** What the store refuses for this object alone is tried again in the next pass; all else holds up the reading. */
  async #setAside(object: ListedObject, at: ObjectPosition, error: unknown): Promise<void> {
    if (!isRefusal(error)) throw error;
    const { message, hint } = s3Fault(error, `cannot read ${this.#nameOf(object.key)}`);
    this.#ctx.log.error({ code: "SLUICE_SOURCE", hint }, message);
    await this.#move(this.#progress.behind(object, at));
  }

  async #batches({ key, etag }: ListedObject, from: ObjectPosition): Promise<AsyncGenerator<LineBatch>> {
    const { bucket, request_timeout: stillMs, max_line_bytes: maxLine } = this.#options;
    const read = (offset: number) =>
      readObject(this.#client, { bucket, key, etag }, { offset, stillMs, signal: this.#ctx.stop });
    return lineBatches(await openContent(read, from.offset), { from, maxLine, batchBytes: BATCH_BYTES });
  }

  #streamOf({ key, etag, modified }: ListedObject) {
    const name = this.#nameOf(key);
    const id = `s3-${hash("sha256", `${name}\0${etag}`, "base64url").slice(0, 16)}`;
    const stream = {
      id,
      fields: { "log.file.path": name },
      positionField: "log.offset",
      mayHoldEvents: this.#options.format === "auto",
    };
    return { stream, streamKey: STREAM_KEY, ...(modified > 0 && { writtenBy: modified }) };
  }

  #nameOf(key: string): string {
    return `s3://${this.#options.bucket}/${key}`;
  }

  /** Moves the cursor once all that was read before is settled. */
  async #move(cursor: Cursor): Promise<void> {
    const nothing = { data: new Uint8Array(), framing: { kind: "lines", base: 0 } } as const;
    const stream = { id: "s3", fields: {} };
    await this.#emit({ ...nothing, stream, streamKey: STREAM_KEY, position: cursor as unknown as Value });
  }

  async #emit(batch: SourceBatch): Promise<void> {
    try {
      await orStopped(this.#ctx.emit(batch), this.#ctx.stop);
    } catch (cause) {
      throw new EmitFailure("the pipeline takes no more", { cause });
    }
  }

  /** Does it again, with growing pauses, until it succeeds; what `progress` tells restarts the count. */
  async #persistently(work: () => Promise<void>, progress: () => unknown): Promise<void> {
    const { stop, finite, log } = this.#ctx;
    for (let failures = 0; !stop.aborted; ) {
      const before = progress();
      try {
        return await work();
      } catch (error) {
        if (error instanceof EmitFailure) throw error.cause;
        if (stop.aborted) return;
        failures = progress() === before ? failures + 1 : 1;
        const { bucket, prefix } = this.#options;
        const fault = s3Fault(error, `cannot read s3://${bucket}/${prefix}`);
        if (finite && (failures >= FINITE_ATTEMPTS || isRefusal(error))) throw fault;
        // Started again, the source gets a new client, which sees credentials that were put right.
        if (isCredentialsFault(error)) throw fault;
        const retryInMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
        log.warn({ code: fault.code, hint: fault.hint, retryInMs: Math.round(retryInMs) }, fault.message);
        await this.#pause(retryInMs);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ctx.stop }).catch(() => {});
  }
}

/** What comes out of order may lie behind the cursor, and would be taken for done after a restart. */
function outOfOrder(): Error {
  return Object.assign(new Error("a key comes behind a later one"), { name: "ListOutOfOrder" });
}

/** The store has understood and says no: asking again at once is of no use. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error) ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** The pipeline failed, not the store. */
class EmitFailure extends Error {}
