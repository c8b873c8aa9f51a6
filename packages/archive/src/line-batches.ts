import type { Framing } from "@sluice/core";
import { type Content, HEAD_BYTES } from "./content.ts";
import { LineRecords, type ReadLabel } from "./line-records.ts";
import { LineSplitter, type Split, type Splitter } from "./split.ts";

const NEWLINE = 10;

/** How far a stream of content is done with. */
export interface ContentPosition {
  readonly offset: number;
  /** Inside a line that was cut: what is left of it is passed over. */
  readonly skipping: boolean;
}

/** Records of some content, and the position behind them. */
export interface LineBatch {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly framing: Framing;
  readonly end: ContentPosition;
}

export interface LineBatchOptions {
  readonly from: ContentPosition;
  /** Bytes after which a line is cut. */
  readonly maxLine: number;
  /** Bytes of content that make a batch. */
  readonly batchBytes: number;
  /** Most lines in a batch; no limit when undefined. */
  readonly maxLines?: number | undefined;
  /** Reads what stands before the text of each line; decided by the content's first bytes. */
  readonly label?: ((head: Uint8Array) => ReadLabel | null) | undefined;
}

/**
 * Cuts content into batches of whole lines, the same records whatever its chunks are. It passes over what
 * lies before `from`. When the content fails, the lines before that are handed on first; a line that
 * is torn there is not.
 */
export async function* lineBatches(content: Content, options: LineBatchOptions): AsyncGenerator<LineBatch> {
  const cutter = new Cutter(content, options);
  let failure: { readonly error: unknown } | null = null;
  const chunks = content.bytes[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        failure = { error };
        return { done: true as const, value: undefined };
      });
      if (next.done) break;
      cutter.add(next.value);
      yield* cutter.take("open");
    }
    yield* cutter.take(failure ? "torn" : "final");
    if (failure) throw (failure as { error: unknown }).error;
  } finally {
    await chunks.return?.();
  }
}

/** `open`: more content will come. `torn`: none will, although it does not end here. */
type Rest = "open" | "torn" | "final";

class Cutter {
  readonly #options: LineBatchOptions;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Bytes of the content that came before the held ones. */
  #offset: number;
  #toSkip: number;
  #skipping: boolean;
  #want: number;
  #splitter: Splitter | null = null;
  #head: Uint8Array;
  readonly #isHeadKnown: boolean;

  constructor({ startsAt, head }: Content, options: LineBatchOptions) {
    this.#head = head ?? new Uint8Array();
    this.#isHeadKnown = head !== undefined;
    this.#options = options;
    this.#offset = options.from.offset;
    this.#toSkip = options.from.offset - startsAt;
    this.#skipping = options.from.skipping;
    this.#want = options.batchBytes;
  }

  add(chunk: Uint8Array): void {
    this.#see(chunk);
    const rest = chunk.subarray(Math.min(this.#toSkip, chunk.length));
    this.#toSkip -= chunk.length - rest.length;
    if (rest.length === 0) return;
    this.#held.push(rest);
    this.#heldBytes += rest.length;
  }

  *take(rest: Rest): Generator<LineBatch> {
    while (this.#isEnough(rest)) {
      const bytes = this.#join();
      const piece = this.#limited(bytes);
      const isLast = piece === bytes && rest === "final";
      const { offset: base } = this.#position();
      const split = this.#by().split({
        bytes: piece,
        base,
        skipping: this.#skipping,
        ending: isLast ? "final" : "open",
      });
      this.#advance(bytes, split);
      if (split.records) yield { ...split.records, end: this.#position() };
      if (split.consumed > 0) continue;
      if (rest !== "open") return;
      this.#want = Math.min(this.#heldBytes * 2, Math.max(this.#by().enough, this.#heldBytes + 1));
    }
  }

  #isEnough(rest: Rest): boolean {
    if (rest !== "open") return this.#heldBytes > 0;
    const canSplit = this.#splitter !== null || this.#isHeadKnown || this.#head.length >= HEAD_BYTES;
    return this.#heldBytes >= this.#want && canSplit;
  }

  #position(): ContentPosition {
    return { offset: this.#offset, skipping: this.#skipping };
  }

  /** Keeps the first bytes, which may tell how to read the rest. */
  #see(chunk: Uint8Array): void {
    if (this.#head.length < HEAD_BYTES && !this.#splitter && !this.#isHeadKnown) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    }
  }

  #by(): Splitter {
    if (!this.#splitter) {
      const { maxLine, label } = this.#options;
      const readLabel = label?.(this.#head) ?? null;
      this.#splitter = readLabel
        ? new LineRecords(maxLine, readLabel)
        : new LineSplitter(maxLine, new LineRecords(maxLine));
    }
    return this.#splitter;
  }

  #join(): Uint8Array<ArrayBuffer> {
    const joined = new Uint8Array(this.#heldBytes);
    let at = 0;
    for (const part of this.#held.splice(0)) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  /** The piece itself, or as many of its lines as a batch may have. */
  #limited(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const { maxLines } = this.#options;
    if (maxLines === undefined) return bytes;
    let end = 0;
    for (let lines = 0; lines < maxLines; lines++) {
      end = bytes.indexOf(NEWLINE, end) + 1;
      if (end === 0) return bytes;
    }
    return end === bytes.length ? bytes : bytes.slice(0, end);
  }

  /** Keeps a copy of what was not consumed: the batch owns its memory. */
  #advance(bytes: Uint8Array<ArrayBuffer>, { consumed, skipping }: Split): void {
    this.#offset += consumed;
    this.#skipping = skipping;
    this.#heldBytes -= consumed;
    if (consumed > 0) this.#want = this.#options.batchBytes;
    if (this.#heldBytes > 0) this.#held.push(bytes.slice(consumed));
  }
}
