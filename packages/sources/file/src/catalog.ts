import type { SourceBatch, SourceContext, Value } from "@sluice/core";
import { type Entry, keyOf } from "./globs.ts";
import { NameIndex } from "./names.ts";
import { begins, fromValue, type Position, toValue } from "./position.ts";
import type { Tail } from "./tail.ts";

/** Key of the note that says that this source has been started before. */
const STARTED = "@started";
/** Files that are gone are remembered so that a packed copy of them is not read again: this many, this long. */
const REMEMBERED = 1000;
const REMEMBERED_MS = 14 * 86_400_000;

/** The streams that the state knows of and that no file is followed for now, and what is to be noted about them. */
export class Catalog {
  readonly firstStart: boolean;
  readonly #ctx: SourceContext;
  readonly #streams = new Map<string, Position>();
  readonly #byInode = new Map<string, Position[]>();
  readonly #byName = new NameIndex<Position>();
  /** Last generation of each inode that was seen. */
  readonly #generations = new Map<string, number>();
  /** What is to be stored outside the order of acks, by stream: asked for when it is written. */
  readonly #notes = new Map<string, { readonly position: () => Position; readonly tail: Tail | null }>();
  /** Batches handed to the pipeline that it has not accepted yet, by stream. */
  readonly #sending = new Map<string, number>();

  constructor(ctx: SourceContext) {
    this.#ctx = ctx;
    const stored = ctx.state.all();
    this.firstStart = stored.size === 0;
    for (const value of stored.values()) {
      const position = fromValue(value);
      if (position) this.#add(position);
    }
  }

  #add(position: Position): void {
    this.#streams.set(position.id, position);
    this.#byName.add(position);
    const generation = Math.max(position.generation, this.#generations.get(keyOf(position)) ?? 0);
    this.#generations.set(keyOf(position), generation);
    const same = this.#byInode.get(position.ino) ?? [];
    this.#byInode.set(position.ino, [...same, position]);
  }

  /** Takes out a stream because its file is followed again. */
  take(position: Position): void {
    this.#streams.delete(position.id);
    this.#byName.remove(position);
    this.#notes.delete(position.id);
    const others = (this.#byInode.get(position.ino) ?? []).filter(({ id }) => id !== position.id);
    if (others.length > 0) this.#byInode.set(position.ino, others);
    else this.#byInode.delete(position.ino);
  }

  /**
   * Streams that were read from this inode, the last one first. A device may have another number after a reboot. What
   * is remembered as gone may only be out of the globs: it counts for a file that is found there.
   */
  ofInode(entry: Entry): Position[] {
    const { dev, ino, path, first } = entry;
    return (this.#byInode.get(ino) ?? [])
      .filter((it) => (it.gone === undefined || first !== undefined) && (it.dev === dev || (it.at ?? it.path) === path))
      .sort((a, b) => Number(b.dev === dev) - Number(a.dev === dev) || b.generation - a.generation);
  }

  /** Counts the files that this inode has been. */
  nextGeneration(entry: Entry): number {
    const generation = (this.#generations.get(keyOf(entry)) ?? 0) + 1;
    this.#generations.set(keyOf(entry), generation);
    return generation;
  }

  /** Streams whose content may go on in a file at `path` that begins with `head`: the one read farthest first. */
  maybeCopied(path: string, head: Uint8Array): Position[] {
    const fitting = [...this.#byName.originals(path)].filter((it) => it.head.bytes > 0 && begins(it.head, head));
    return fitting.sort((a, b) => b.offset - a.offset);
  }

  /** Everything that the state knows, but what is followed again. */
  stored(): Iterable<Position> {
    return this.#streams.values();
  }

  /** Streams whose files were not gone when they were last seen. */
  missing(): Position[] {
    return [...this.#streams.values()].filter(({ gone }) => gone === undefined);
  }

  /** Stores new streams before their first batch leaves, in one transaction. */
  introduce(tails: readonly Tail[], first = false): void {
    const entries = new Map<string, Value>(tails.map((tail) => [tail.id, toValue(tail.position())]));
    if (first) entries.set(STARTED, new Date().toISOString());
    if (entries.size > 0) this.#ctx.state.put(entries);
  }

  /** Keeps a stream whose file is gone, or is another one now. */
  retire(tail: Tail): void {
    const position = { ...tail.position(), gone: Date.now() };
    this.#add(position);
    this.#notes.set(tail.id, { position: () => position, tail });
  }

  /** Marks a stored stream whose file was not found. */
  markGone(position: Position): void {
    this.take(position);
    const gone = { ...position, gone: Date.now() };
    this.#add(gone);
    this.#notes.set(gone.id, { position: () => gone, tail: null });
  }

  /** Stores a tail's position outside the order of acks, as soon as nothing of it is open. */
  note(tail: Tail): void {
    this.#notes.set(tail.id, { position: () => tail.position(), tail });
  }

  /** Writes the notes whose streams are settled, and forgets what was remembered long enough. */
  flush(): void {
    const ready = new Map<string, Value>();
    for (const [id, { position, tail }] of this.#notes) {
      if (!tail?.busy && this.#settled(id)) ready.set(id, toValue(position()));
    }
    for (const id of ready.keys()) this.#notes.delete(id);
    if (ready.size > 0) this.#ctx.state.put(ready);
    this.#forget();
  }

  /** Hands a batch to the pipeline. */
  async send(batch: SourceBatch): Promise<void> {
    const id = batch.streamKey;
    this.#sending.set(id, (this.#sending.get(id) ?? 0) + 1);
    try {
      await this.#ctx.emit(batch);
    } finally {
      const open = (this.#sending.get(id) as number) - 1;
      if (open > 0) this.#sending.set(id, open);
      else this.#sending.delete(id);
    }
  }

  #settled(id: string): boolean {
    return !this.#sending.has(id) && this.#ctx.inFlight(id) === 0;
  }

  #forget(): void {
    const gone = [...this.#streams.values()].filter((it) => it.gone !== undefined && !this.#notes.has(it.id));
    const limit = Date.now() - REMEMBERED_MS;
    const old = gone
      .sort((a, b) => (b.gone as number) - (a.gone as number))
      .filter((it, i) => i >= REMEMBERED || (it.gone as number) < limit)
      .filter((it) => this.#settled(it.id));
    for (const position of old) this.take(position);
    if (old.length > 0) this.#ctx.state.remove(old.map(({ id }) => id));
  }
}
