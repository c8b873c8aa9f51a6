import { instantiate, ModuleBuilder, newMemory } from "@sluice/wasm";
import { emitCollect, emitVerify } from "./emit-literals.ts";
import { emitMarks } from "./emit-marks.ts";
import { HIT_BYTES, MARK, MAX_HITS, RESULT, type Regions, regions, WINDOW } from "./layout.ts";
import { isLiteral, tablesLength, writeTables } from "./tables.ts";

/** Reports one occurrence of a literal: its number, and its start. */
export type HitVisitor = (literal: number, start: number) => void;

/** What `marks` looks for besides literals. */
export interface MarkVisitor {
  /** A `%` or `\`. */
  escape(at: number): void;
  /** 11 or more digits, spaces and dashes in a row begin here, with a digit. A longer row may be named again. */
  digits(at: number): void;
  /** Somewhere in a run of letters, digits, `+` and `/`; every run of 64 or more is named at least once. */
  run(at: number): void;
  /** The first of two dots with six other bytes between them. */
  dots(at: number): void;
}

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
  readonly #regions: Regions;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #collect: List;
  readonly #verify: Verify;
  readonly #mark: List;
  /** Bytes behind the text that are looked at, and have to be zero. */
  readonly #pad: number;
  #length = 0;

  /** Takes literals of 3 to 4096 ASCII characters. */
  constructor(literals: readonly string[]) {
    this.#pad = Math.max(0, ...literals.map((text) => text.length)) + 64;
    this.#regions = regions(tablesLength(literals), 2 * literals.length);
    const memory = newMemory(this.#regions.total);
    writeTables(literals, memory.buffer);
    this.#memory = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.input = this.#memory.subarray(this.#regions.input, this.#regions.input + WINDOW);
    const exports = instantiate(moduleBytes(), { memory });
    this.#collect = exports["collect"] as List;
    this.#verify = exports["verify"] as Verify;
    this.#mark = exports["mark"] as List;
  }

  /** Says how many bytes of `input` count. */
  load(length: number): void {
    const { input } = this.#regions;
    this.#memory.fill(0, input + length, input + length + this.#pad);
    this.#length = length;
  }

  /** Visits every occurrence, in no particular order. */
  hits(visit: HitVisitor): void {
    const { input, candidates, hits } = this.#regions;
    const listEnd = this.#collect(input, input + this.#length, candidates);
    const hitsEnd = hits + MAX_HITS * HIT_BYTES;
    for (let at = candidates; at < listEnd; ) {
      at = this.#verify(at, listEnd, hits, hitsEnd);
      const end = (this.#words[RESULT / 4] as number) / 4;
      for (let i = hits / 4; i < end; i += 2) visit(this.#words[i + 1] as number, (this.#words[i] as number) - input);
    }
  }

  /** Visits everything of other forms than a literal's. */
  marks(visitor: MarkVisitor): void {
    const { input, marks } = this.#regions;
    const end = this.#mark(input, input + this.#length, marks) / 4;
    for (let i = marks / 4; i < end; i++) {
      const mark = this.#words[i] as number;
      const at = (mark >> 2) - input;
      const kind = mark & 3;
      if (kind === MARK.escape) visitor.escape(at);
      else if (kind === MARK.digits) visitor.digits(at);
      else if (kind === MARK.run) visitor.run(at);
      else visitor.dots(at);
    }
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
  compiled = module.bytes();
  return compiled;
}
