import type { CompletedPart } from "@aws-sdk/client-s3";
import { SluiceError } from "@sluice/core";
import { type Compressor, compressor, freeBytes, PartBuffer } from "./compressor.ts";
import type { Compression } from "./options.ts";
import type { ObjectName } from "./store.ts";
import type { Uploads } from "./uploads.ts";

/** How an object is packed. */
export interface Packing {
  readonly compression: Compression;
  readonly level?: number;
}

/**
 * One object while it is written: packs lines and uploads them in parts as they come, or in one request when they stay
 * less than a part. Nothing of it is to be seen in the store before `store`.
 */
export class ObjectWriter {
  readonly name: ObjectName;
  /** Packed bytes so far; the packer holds some more. */
  size = 0;
  readonly #uploads: Uploads;
  readonly #compressor: Compressor;
  readonly #buffer: PartBuffer;
  readonly #parts: Promise<CompletedPart>[] = [];
  #upload: Promise<string> | undefined;

  constructor(name: ObjectName, packing: Packing, uploads: Uploads) {
    this.name = name;
    this.#uploads = uploads;
    this.#compressor = compressor(packing.compression, packing.level, (bytes) => this.#take(bytes));
    this.#buffer = new PartBuffer(uploads.partSize, (change) => uploads.budget.hold(change));
  }

  /** Resolves when `bytes` are not needed any more. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#compressor.write(bytes);
  }

  /** No more lines will come. */
  seal(): Promise<void> {
    return this.#compressor.end();
  }

  /**
   * Makes the object visible; resolves when the store has it. Rejects when parts of it are lost.
   * @param mayAppear Asked before each attempt. Once it says no nothing more is done, and this resolves to false.
   */
  async store(mayAppear: () => Promise<boolean>): Promise<boolean> {
    if (this.#parts.length === 0) {
      const written = await this.#send(this.#buffer.take(), (body) => this.#uploads.put(this.name, body, mayAppear));
      return written !== "taken";
    }
    if (this.#buffer.length > 0) this.#flush();
    const parts = await Promise.all(this.#parts);
    const upload = await (this.#upload as Promise<string>);
    const written = await this.#uploads.complete(this.name, upload, parts, mayAppear);
    if (written === "lost") throw this.#lost();
    return written !== "taken";
  }

  /** Gives up what was begun; nothing of it was visible. */
  async abandon(): Promise<void> {
    this.#compressor.destroy();
    this.#buffer.take();
    if (!this.#upload) return;
    await Promise.allSettled(this.#parts);
    await this.#uploads.abort(this.name, await this.#upload);
  }

  #take(bytes: Uint8Array): void {
    this.size += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#buffer.length === this.#uploads.partSize) this.#flush();
      at += this.#buffer.append(at === 0 ? bytes : bytes.subarray(at));
    }
  }

  #flush(): void {
    const number = this.#parts.length + 1;
    this.#upload ??= this.#uploads.begin(this.name);
    const upload = this.#upload;
    const sent = this.#send(this.#buffer.take(), async (body) => {
      const part = await this.#uploads.part(this.name, await upload, number, body);
      if (part === "lost") throw this.#lost();
      return part;
    });
    // Heard of in `store`.
    sent.catch(() => undefined);
    this.#parts.push(sent);
  }

  async #send<T>(body: Buffer<ArrayBuffer>, send: (body: Buffer) => Promise<T>): Promise<T> {
    const { budget } = this.#uploads;
    const size = body.length;
    budget.hold(size);
    try {
      const result = await send(body);
      // The store has answered that it has all of it: no socket reads it any more.
      freeBytes(body);
      return result;
    } finally {
      budget.hold(-size);
    }
  }

  #lost(): SluiceError {
    const { bucket, key } = this.name;
    const text = `the upload of s3://${bucket}/${key} was aborted by someone else, with parts that are not here any more`;
    return new SluiceError("SLUICE_STORE", text, {
      hint: "nothing is lost: they are read again; see who aborts uploads, e.g. a lifecycle rule of the bucket",
    });
  }
}
