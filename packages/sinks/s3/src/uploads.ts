import type { CompletedPart } from "@aws-sdk/client-s3";
import type { StreamingSinkContext } from "@sluice/core";
import type { Budget } from "./budget.ts";
import type { ObjectName, ObjectStore, Written } from "./store.ts";

const NOTE = "upload:";

/** What is noted of an upload in parts before it begins, so that none stays behind. */
interface UploadNote {
  readonly bucket: string;
  readonly key: string;
  /** Unknown when sluice was killed while it began. */
  readonly id?: string;
}

/** Requests that are repeated until they succeed, and notes of the uploads that are open. */
export class Uploads {
  readonly budget: Budget;
  readonly partSize: number;
  readonly #store: ObjectStore;
  readonly #ctx: StreamingSinkContext;
  /** How often the beginning of an upload was tried. */
  readonly #attempts = new WeakMap<ObjectName, number>();

  constructor(store: ObjectStore, ctx: StreamingSinkContext, budget: Budget, partSize: number) {
    this.#store = store;
    this.#ctx = ctx;
    this.budget = budget;
    this.partSize = partSize;
  }

  put(object: ObjectName, body: Buffer): Promise<void> {
    return this.#request("upload failed", () => this.#store.put(object, body));
  }

  /** Begins an upload in parts. It is noted first: if sluice dies before it knows the id, the next start looks for it. */
  async begin(object: ObjectName): Promise<string> {
    const { bucket, key } = object;
    const { state, persistState } = this.#ctx;
    await persistState("cannot note an upload", () => {
      state.setNote(NOTE + bucket + key, { bucket, key });
      state.save();
    });
    const id = await this.#request("upload failed", async () => {
      this.#attempts.set(object, (this.#attempts.get(object) ?? 0) + 1);
      return this.#store.create(object);
    });
    state.setNote(NOTE + bucket + key, { bucket, key, id });
    return id;
  }

  part(object: ObjectName, upload: string, number: number, body: Buffer): Promise<CompletedPart | "lost"> {
    return this.#request("upload failed", () => this.#store.part(object, upload, number, body));
  }

  async complete(object: ObjectName, upload: string, parts: readonly CompletedPart[]): Promise<Written> {
    const written = await this.#request("upload failed", () => this.#store.complete(object, upload, parts));
    const { bucket, key } = object;
    // An attempt to begin whose answer got lost may have begun an upload, or may do so yet: it is looked for at the end.
    const again = (this.#attempts.get(object) ?? 1) > 1;
    this.#ctx.state.setNote(NOTE + bucket + key, again ? { bucket, key } : undefined);
    return written;
  }

  async abort({ bucket, key }: ObjectName, upload: string): Promise<void> {
    await this.#request("cannot abort an upload", () => this.#store.abort(bucket, key, upload));
    this.#ctx.state.setNote(NOTE + bucket + key, undefined);
  }

  isStored(object: ObjectName): Promise<boolean> {
    return this.#request("cannot look for an object", () => this.#store.isStored(object));
  }

  exists(bucket: string, key: string): Promise<boolean> {
    return this.#request("cannot look for an object", () => this.#store.exists(bucket, key));
  }

  /** Aborts what was left open, by an earlier run or by attempts without an answer. None of its own may be under way. */
  async abortStale(): Promise<void> {
    for (const { name, note } of this.#notes()) {
      await this.#request("cannot abort an upload", () => this.#abortNoted(note));
      this.#ctx.state.setNote(name, undefined);
    }
  }

  /** The same before the end, with one attempt: the next start does what it cannot. */
  async tryAbortStale(): Promise<void> {
    for (const { name, note } of this.#notes()) {
      const done = await this.#abortNoted(note).then(
        () => true,
        () => false,
      );
      if (done) this.#ctx.state.setNote(name, undefined);
    }
  }

  /**
   * Aborts the uploads of chosen keys under a prefix that were begun before now; resolves to their number. One attempt:
   * it rejects where the store cannot, or the credentials may not.
   */
  async abortMatching(bucket: string, prefix: string, chooses: (key: string) => boolean): Promise<number> {
    const now = Date.now();
    let aborted = 0;
    for await (const { key, id, begun } of this.#store.openUploads(bucket, prefix)) {
      if (begun > now || !chooses(key)) continue;
      await this.#store.abort(bucket, key, id);
      aborted++;
    }
    return aborted;
  }

  #notes(): { name: string; note: UploadNote }[] {
    const notes = Array.from(this.#ctx.state.notes(), ([name, note]) => ({
      name,
      note: note as unknown as UploadNote,
    }));
    return notes.filter(({ name }) => name.startsWith(NOTE));
  }

  #abortNoted({ bucket, key, id }: UploadNote): Promise<void> {
    return id ? this.#store.abort(bucket, key, id) : this.#store.abortAll(bucket, key);
  }

  #request<T>(what: string, action: () => Promise<T>): Promise<T> {
    return this.budget.slot(() => this.#ctx.persist(what, action));
  }
}
