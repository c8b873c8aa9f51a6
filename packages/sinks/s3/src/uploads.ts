import type { CompletedPart } from "@aws-sdk/client-s3";
import type { StreamingSinkContext, Value } from "@sluice/core";
import type { Budget } from "./budget.ts";
import type { ObjectName, ObjectStore, Written } from "./store.ts";

const NOTE = "upload:";
/** How long a request to begin an upload may be under way after its sender has gone: in a proxy, in the queue of a store. */
const LATE_MS = 15 * 60_000;

/** What became of an object that was to appear: `taken` means that it must not any more. */
export type Attempted = Written | "taken";

/** What is noted of an upload in parts before it begins, so that none stays behind. */
interface UploadNote {
  readonly bucket: string;
  readonly key: string;
  /** Unknown when sluice was killed while it began. */
  readonly id?: string | undefined;
  /** When a request to begin one was left without an answer, in milliseconds since the epoch: it may arrive late. */
  readonly doubt?: number | undefined;
}

/** Requests that are repeated until they succeed, and notes of the uploads that are open. */
export class Uploads {
  readonly budget: Budget;
  readonly partSize: number;
  readonly #store: ObjectStore;
  readonly #ctx: StreamingSinkContext;
  /** Names of the notes of uploads that are under way here. */
  readonly #own = new Set<string>();

  constructor(store: ObjectStore, ctx: StreamingSinkContext, budget: Budget, partSize: number) {
    this.#store = store;
    this.#ctx = ctx;
    this.budget = budget;
    this.partSize = partSize;
  }

  /** Writes a whole object. `mayAppear` is asked before each attempt. */
  put(object: ObjectName, body: Buffer, mayAppear: () => Promise<boolean>): Promise<Attempted> {
    return this.#request("upload failed", async () => {
      if (!(await mayAppear())) return "taken";
      await this.#store.put(object, body);
      return "stored";
    });
  }

  /** Begins an upload in parts. It is noted first: if sluice dies before it knows the id, the next start looks for it. */
  async begin(object: ObjectName): Promise<string> {
    const { bucket, key } = object;
    const { state, persistState } = this.#ctx;
    const name = NOTE + bucket + key;
    let doubt = this.#doubtAt(name);
    this.#own.add(name);
    await persistState("cannot note an upload", () => {
      state.setNote(name, noteOf(object, { doubt }));
      state.save();
    });
    let attempts = 0;
    const id = await this.#request("upload failed", async () => {
      // An attempt whose answer got lost may have begun an upload, or may do so yet.
      if (attempts++ > 0) doubt ??= Date.now();
      return this.#store.create(object);
    });
    state.setNote(name, noteOf(object, { id, doubt }));
    return id;
  }

  part(object: ObjectName, upload: string, number: number, body: Buffer): Promise<CompletedPart | "lost"> {
    return this.#request("upload failed", () => this.#store.part(object, upload, number, body));
  }

  /** Makes an upload in parts an object. `mayAppear` is asked before each attempt. */
  async complete(
    object: ObjectName,
    upload: string,
    parts: readonly CompletedPart[],
    mayAppear: () => Promise<boolean>,
  ): Promise<Attempted> {
    const written = await this.#request("upload failed", async () =>
      (await mayAppear()) ? this.#store.complete(object, upload, parts) : ("taken" as const),
    );
    if (written !== "taken") this.#noteEnd(object);
    return written;
  }

  async abort(object: ObjectName, upload: string): Promise<void> {
    await this.#request("cannot abort an upload", () => this.#store.abort(object.bucket, object.key, upload));
    this.#noteEnd(object);
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
      this.#noteLook(name, note);
    }
  }

  /** The same now and then, and before the end, with one attempt: a later look, or the next start, does what it cannot. */
  async tryAbortStale(): Promise<void> {
    for (const { name, note } of this.#notes()) {
      if (this.#own.has(name)) continue;
      const done = await this.#abortNoted(note).then(
        () => true,
        () => false,
      );
      if (done) this.#noteLook(name, note);
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

  #doubtAt(name: string): number | undefined {
    return (this.#ctx.state.notes().get(name) as UploadNote | undefined)?.doubt;
  }

  #noteEnd(object: ObjectName): void {
    const name = NOTE + object.bucket + object.key;
    const doubt = this.#doubtAt(name);
    this.#own.delete(name);
    this.#ctx.state.setNote(name, doubt === undefined ? undefined : noteOf(object, { doubt }));
  }

  /** Nothing of it is open now. The note of a request without an answer is kept for as long as it may arrive. */
  #noteLook(name: string, note: UploadNote): void {
    if (this.#own.has(name)) return;
    const now = Date.now();
    const doubt = Math.min(now, note.doubt ?? now);
    const isSettled = isOnlyOne(note) || now - doubt > LATE_MS;
    this.#ctx.state.setNote(name, isSettled ? undefined : noteOf(note, { doubt }));
  }

  #abortNoted(note: UploadNote): Promise<void> {
    const { bucket, key, id } = note;
    if (isOnlyOne(note)) return this.#store.abort(bucket, key, id as string);
    return this.#store.abortAll(bucket, key, () => !this.#own.has(NOTE + bucket + key));
  }

  #request<T>(what: string, action: () => Promise<T>): Promise<T> {
    return this.budget.slot(() => this.#ctx.persist(what, action));
  }
}

function noteOf({ bucket, key }: Pick<UploadNote, "bucket" | "key">, more: Partial<UploadNote>): Value {
  const { id, doubt } = more;
  return { bucket, key, ...(id !== undefined && { id }), ...(doubt !== undefined && { doubt }) };
}

function isOnlyOne({ id, doubt }: UploadNote): boolean {
  return id !== undefined && doubt === undefined;
}
