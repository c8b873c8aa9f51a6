import type { ParsePlan } from "@sluice/core";
import type { EncodeInput, TextPlace } from "./emit/encode.ts";
import { regions, STATIC, STREAM_BYTES } from "./emit/layout.ts";
import type { StreamImage } from "./kernel.ts";
import { children, type Node } from "./regex/ast.ts";
import { chars, intersects } from "./regex/byte-set.ts";
import { Unplannable } from "./regex/cursor.ts";
import type { ParsedPattern } from "./regex/parse.ts";
import { bytesOf } from "./regex/rivals.ts";
import type { FramePlan, Part } from "./shape.ts";

/** Longer records are left to the plain path, whatever the encoder allows. */
const MAX_RECORD_BYTES = 16_384;
/** Room for one value that is not text of the line. */
const VALUE_BYTES = 64;
const MAX_CONSTANT_BYTES = 1 << 20;

/**
 * The constant texts of the frames of all patterns for one stream: which of them come from the stream, and where they
 * lie in memory.
 */
export class FrameTexts {
  /** The same for streams that can share a kernel. */
  readonly key: string;
  /** Texts that do not depend on the stream, one after the other. */
  readonly constants: Uint8Array;
  readonly maxRecordBytes: number;
  /** How often a byte of a line may appear in a frame at most. */
  readonly copies: number;
  readonly #frames: readonly FramePlan[];
  readonly #places: readonly (readonly TextPlace[])[];
  readonly #streamTexts: readonly Uint8Array[];

  /** @param probe the frames of a stream with other values, or null when there are none. */
  constructor(frames: readonly FramePlan[], probe: readonly FramePlan[] | null) {
    this.#frames = frames;
    this.maxRecordBytes = Math.min(MAX_RECORD_BYTES, ...frames.map((frame) => frame.maxRecordBytes));
    this.copies = Math.max(...frames.map((frame) => countCopies(frame.parts)));
    const comparable = probe !== null && skeleton(frames) === skeleton(probe);
    const texts = frames.map(({ parts }) => textsOf(parts));
    const fromStream = texts.map((list, i) => {
      const others = comparable ? textsOf(probe[i]?.parts ?? []) : list;
      return list.map((text, j) => text !== others[j]);
    });
    const fixed = texts.map((list, i) => list.map((text, j) => (fromStream[i]?.[j] ? null : text)));
    this.key = JSON.stringify([skeleton(frames), fixed, this.maxRecordBytes]);
    const pool = new TextPool(fixed.flat().filter((text) => text !== null));
    this.constants = pool.bytes;
    const { stream } = regions(this.constants.length);
    let entries = 0;
    this.#places = fixed.map((list) =>
      list.map((text) => (text === null ? { kind: "stream", entry: stream + 8 * entries++ } : pool.place(text))),
    );
    this.#streamTexts = texts.flatMap((list, i) => list.filter((_, j) => fromStream[i]?.[j])).map(encode);
  }

  /** By pattern; null for those whose lines go the plain way. */
  encodeInputs(plan: ParsePlan, parsed: readonly ParsedPattern[], stamped: boolean): (EncodeInput | null)[] {
    return this.#frames.map(({ parts }, i) => {
      if (plan.patterns[i]?.plain) return null;
      return {
        parts,
        texts: this.#places[i] as readonly TextPlace[],
        timestampGroup: plan.patterns[i]?.timestampGroup,
        stamped,
        plainGroups: plainGroups((parsed[i] as ParsedPattern).node),
      };
    });
  }

  /** The memory image of the stream's texts: address and end of each, then their bytes. */
  image(): StreamImage {
    const { stream } = regions(this.constants.length);
    const head = this.#streamTexts.length * 8;
    const bytes = new Uint8Array(this.#streamTexts.reduce((sum, text) => sum + text.length, head));
    if (bytes.length > STREAM_BYTES) throw new Unplannable("the stream's fields are too long");
    const entries = new DataView(bytes.buffer);
    let at = head;
    for (const [i, text] of this.#streamTexts.entries()) {
      bytes.set(text, at);
      entries.setUint32(i * 8, stream + at, true);
      at += text.length;
      entries.setUint32(i * 8 + 4, stream + at, true);
    }
    const fixedBytes = Math.max(...this.#frames.map((frame) => constantBytes(frame.parts)));
    return { bytes, fixedBytes };
  }
}

/** Texts one after the other, each once. */
class TextPool {
  readonly bytes: Uint8Array;
  readonly #places = new Map<string, TextPlace>();

  constructor(texts: readonly string[]) {
    const encoded = [...new Set(texts)].map((text) => ({ text, bytes: encode(text) }));
    this.bytes = new Uint8Array(encoded.reduce((sum, { bytes }) => sum + bytes.length, 0));
    if (this.bytes.length > MAX_CONSTANT_BYTES) throw new Unplannable("the frames' constants are too long");
    let at = 0;
    for (const { text, bytes } of encoded) {
      this.bytes.set(bytes, at);
      this.#places.set(text, { kind: "fixed", address: STATIC + at, length: bytes.length });
      at += bytes.length;
    }
  }

  place(text: string): TextPlace {
    return this.#places.get(text) as TextPlace;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textsOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) =>
    part.kind === "text" ? [part.text] : part.kind === "optional" ? textsOf(part.parts) : [],
  );
}

/** The frames without their texts. */
function skeleton(frames: readonly FramePlan[]): string {
  return JSON.stringify(
    frames.map(({ parts }) => parts),
    (name, value: unknown) => (name === "text" ? "" : value),
  );
}

function countCopies(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => {
    if (part.kind === "optional") return sum + countCopies(part.parts);
    return part.kind === "value" && /^(?:message|capture)$/.test(part.source.kind) ? sum + 1 : sum;
  }, 0);
}

function constantBytes(parts: readonly Part[]): number {
  const texts = textsOf(parts).reduce((sum, text) => sum + encode(text).length, 0);
  return texts + VALUE_BYTES * (parts.length + 1);
}

/** Groups in whose text nothing has to be escaped. */
function plainGroups(node: Node): ReadonlySet<number> {
  const out = new Set<number>();
  const special = chars('"\\\t');
  const walk = (part: Node): void => {
    if (part.kind === "group" && !intersects(bytesOf(part), special)) out.add(part.index);
    children(part).forEach(walk);
  };
  walk(node);
  return out;
}
