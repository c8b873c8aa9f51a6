import { AROUND, GATE, type Regions, WALK } from "./layout.ts";

/** A part of a finder's memory. */
export type Room = Uint8Array<ArrayBuffer>;

/**
 * An automaton that looks at what stands around a literal. Row by row its table says which state follows on a byte of a
 * class; a state is the offset of its row. It must lie in room of the finder, and may change there.
 */
export interface Automaton {
  /** States above 2, or 0: not known yet, 1: leads nowhere, 2: has arrived. */
  readonly table: Uint16Array<ArrayBuffer>;
  /** The class of each byte. */
  readonly classes: Room;
  readonly start: number;
}

/** What has to stand around a literal for it to count: any of these has to arrive in the literal's line. */
export interface LiteralGate {
  /** The bytes of the literal. */
  readonly length: number;
  /** Goes on behind it. */
  readonly ahead: Automaton | null;
  /** Goes back from its last byte. */
  readonly back: Automaton | null;
  /** Goes on from `reach` bytes before its end, or from the start of the line. */
  readonly near: Automaton | null;
  readonly reach: number;
}

/** How text is divided into what stands for itself. */
export interface Around {
  /** The byte that ends a line. */
  readonly stop: number;
  /** Such a byte need not be an end: then what may go on behind it counts. */
  readonly mayGoOn: boolean;
}

/** The gates of a finder's literals, in its memory. */
export class Gates {
  readonly #regions: Regions;
  readonly #memory: Room;
  readonly #words: Int32Array<ArrayBuffer>;
  #free: number;

  constructor(memory: ArrayBuffer, regions: Regions) {
    this.#regions = regions;
    this.#memory = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#free = regions.automata;
  }

  /** Room for a part of an automaton, all zero; null when there is no more. */
  allocate(bytes: number): Room | null {
    const at = this.#free;
    if (at + bytes > this.#regions.total) return null;
    this.#free = Math.ceil((at + bytes) / 4) * 4;
    return this.#memory.subarray(at, at + bytes);
  }

  /** From now on the literal only counts where the gate lets it pass; null: everywhere. */
  set(literal: number, gate: LiteralGate | null): void {
    const at = this.#regions.gates + literal * GATE.size;
    this.#words.fill(0, at / 4, (at + GATE.size) / 4);
    if (gate === null) return;
    this.#words[(at + GATE.length) / 4] = gate.length;
    this.#words[(at + GATE.reach) / 4] = gate.reach;
    this.#write(at + GATE.ahead, gate.ahead);
    this.#write(at + GATE.back, gate.back);
    this.#write(at + GATE.near, gate.near);
  }

  #write(at: number, automaton: Automaton | null): void {
    if (automaton === null) return;
    this.#words[(at + WALK.table) / 4] = automaton.table.byteOffset;
    this.#words[(at + WALK.classes) / 4] = automaton.classes.byteOffset;
    this.#words[(at + WALK.state) / 4] = automaton.start;
  }

  /** Says what the next search is about; without `around` every literal counts. */
  use(around: Around | undefined, start: number, end: number): void {
    const words = this.#words;
    words[AROUND.gates / 4] = around ? this.#regions.gates : 0;
    if (!around) return;
    words[AROUND.start / 4] = start;
    words[AROUND.end / 4] = end;
    words[AROUND.stop / 4] = around.stop;
    words[AROUND.atStop / 4] = around.mayGoOn ? 1 : 0;
  }
}
