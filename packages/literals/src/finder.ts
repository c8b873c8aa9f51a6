import { instantiate, ModuleBuilder, newMemory } from "@sluice/wasm";
import { DECODED, emitDecode, emitEscaped } from "./emit-escapes.ts";
import { emitCollect, emitVerify } from "./emit-literals.ts";
import { emitMarks } from "./emit-marks.ts";
import { writeEscapes } from "./escapes.ts";
import { type Around, Gates } from "./gates.ts";
import { HIT_BYTES, MARK, MAX_HITS, RESULT, type Regions, regions, WINDOW } from "./layout.ts";
import { isLiteral, tablesLength, writeTables } from "./tables.ts";

/** Reports one occurrence of a literal: its number, and its start. */
export type HitVisitor = (literal: number, start: number) => void;

/** What `marks` looks for besides literals. */
export interface MarkVisitor {
  /** 11 or more digits, spaces and dashes in a row begin here, with a digit. A longer row may be named again. */
  digits(at: number): void;
  /** Somewhere in a run of letters, digits, `+` and `/`; every run of 64 or more is named at least once. */
  run(at: number): void;
  /** The first of two dots with six other bytes between them. */
  dots(at: number): void;
}

/** Reports a line that holds a `%` or `\`: where it begins and ends, and whether two backslashes stand together in it. */
export type EscapedVisitor = (start: number, end: number, hasDoubled: boolean) => void;

type List = (at: number, end: number, list: number) => number;
type Verify = (at: number, end: number, hits: number, hitsEnd: number) => number;

/**
 * Finds every occurrence of any of many literals in bytes, in any case of ASCII letters. Use: put up to
 * `LiteralFinder.WINDOW` bytes into `input`, `load` them, then ask. Its memory does not grow.
 */
export class LiteralFinder {
  static readonly WINDOW = WINDOW;
  static readonly takes = isLiteral;
  /** Where the text goes. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** What has to stand around literals. */
  readonly gates: Gates;
  /** `input` and the decoded texts, with the zeros behind them. */
  readonly #texts: readonly Uint8Array<ArrayBuffer>[];
  readonly #regions: Regions;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #collect: List;
  readonly #verify: Verify;
  readonly #mark: List;
  readonly #escaped: List;
  readonly #decode: List;
  /** Bytes behind the text that are looked at, and have to be zero. */
  readonly #pad: number;
  #text: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** Takes literals of 3 to 4096 ASCII characters. */
  constructor(literals: readonly string[]) {
    this.#pad = Math.max(0, ...literals.map((text) => text.length)) + 64;
    this.#regions = regions(tablesLength(literals), literals.length);
    const memory = newMemory(this.#regions.total);
    writeTables(literals, memory.buffer);
    writeEscapes(new Uint8Array(memory.buffer));
    this.#words = new Int32Array(memory.buffer);
    this.gates = new Gates(memory.buffer, this.#regions);
    const { input, decoded } = this.#regions;
    this.#texts = [input, ...decoded].map((at) => new Uint8Array(memory.buffer, at, WINDOW + this.#pad));
    this.#text = this.#memoryOf(0);
    this.input = this.#text.subarray(0, WINDOW);
    const exports = instantiate(moduleBytes(), { memory });
    this.#collect = exports["collect"] as List;
    this.#verify = exports["verify"] as Verify;
    this.#mark = exports["mark"] as List;
    this.#escaped = exports["escaped"] as List;
    this.#decode = exports["decode"] as List;
  }

  /** What is searched. */
  get text(): Uint8Array<ArrayBuffer> {
    return this.#text;
  }

  /** Says how many bytes of `input` count. */
  load(length: number): void {
    this.loadDecoded(0, length);
  }

  /** The same for what was decoded to the memory for this level. */
  loadDecoded(level: number, length: number): void {
    this.#text = this.#memoryOf(level);
    this.#text.fill(0, length, length + this.#pad);
    this.#length = length;
  }

  #memoryOf(level: number): Uint8Array<ArrayBuffer> {
    return this.#texts[level === 0 ? 0 : 2 - (level % 2)] as Uint8Array<ArrayBuffer>;
  }

  /**
   * Visits every occurrence, in no particular order.
   *
   * @param around Leaves out those that the gates stop.
   */
  hits(visit: HitVisitor, around?: Around): void {
    const { candidates, hits } = this.#regions;
    const start = this.#text.byteOffset;
    const listEnd = this.#collect(start, start + this.#length, candidates);
    const hitsEnd = hits + MAX_HITS * HIT_BYTES;
    this.gates.use(around, start, start + this.#length);
    for (let at = candidates; at < listEnd; ) {
      at = this.#verify(at, listEnd, hits, hitsEnd);
      const end = (this.#words[RESULT / 4] as number) / 4;
      for (let i = hits / 4; i < end; i += 2) visit(this.#words[i + 1] as number, (this.#words[i] as number) - start);
    }
  }

  /** Visits everything of other forms than a literal's. */
  marks(visitor: MarkVisitor): void {
    const { marks } = this.#regions;
    const start = this.#text.byteOffset;
    const end = this.#mark(start, start + this.#length, marks) / 4;
    for (let i = marks / 4; i < end; i++) {
      const mark = this.#words[i] as number;
      const at = (mark >> 2) - start;
      const kind = mark & 3;
      if (kind === MARK.digits) visitor.digits(at);
      else if (kind === MARK.run) visitor.run(at);
      else visitor.dots(at);
    }
  }

  /** Visits the lines that hold a `%` or `\`, in order. */
  escaped(visit: EscapedVisitor): void {
    const { marks } = this.#regions;
    const start = this.#text.byteOffset;
    const end = this.#escaped(start, start + this.#length, marks) / 4;
    for (let i = marks / 4; i < end; i += 2) {
      const last = this.#words[i + 1] as number;
      visit((this.#words[i] as number) - start, (last >>> 1) - start, (last & 1) === 1);
    }
  }

  /**
   * Decodes a part of the memory for a level, 0 being `input`, to that for the next one, from `to` on. Replaces what
   * URL encoding, JSON and `\x22` have for ASCII characters. Returns where the result ends, or -1 when nothing was there
   * to decode.
   */
  decode(level: number, start: number, end: number, to: number): number {
    const from = this.#memoryOf(level).byteOffset;
    const target = this.#memoryOf(level + 1);
    const result = this.#decode(from + start, from + end, target.byteOffset + to) - target.byteOffset;
    if (((this.#words[RESULT / 4] as number) & DECODED.some) === 0) return -1;
    // Nothing goes over the end of a text: no literal and no number has a zero in it.
    target[result] = 0;
    return result;
  }

  /** Whether the text decoded last may still be decoded. */
  get decodesAgain(): boolean {
    return ((this.#words[RESULT / 4] as number) & DECODED.again) !== 0;
  }
}

let compiled: Uint8Array<ArrayBuffer> | undefined;

/** The code is the same for all literals. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  if (compiled) return compiled;
  const module = new ModuleBuilder();
  module.export("collect", emitCollect(module));
  module.export("verify", emitVerify(module));
  module.export("mark", emitMarks(module));
  module.export("escaped", emitEscaped(module));
  module.export("decode", emitDecode(module));
  compiled = module.bytes();
  return compiled;
}
