import {
  type Code,
  call,
  type FunctionBuilder,
  get,
  i32,
  i64,
  type ModuleBuilder,
  ret,
  set,
  tee,
  when,
} from "@sluice/wasm";
import type { Part, Source } from "../shape.ts";
import { copyFixed, emitCopy, emitEscape } from "./copy.ts";
import { NOW_ENTRY, POSITION_DELTA, STAMP_AT, STAMP_ENTRY, slot } from "./layout.ts";
import { emitCanonical, emitDecimal, emitHex } from "./numbers.ts";
import { emitStampEpoch, emitStampText } from "./stamp.ts";
import { emitEpoch, emitTime, emitTimeText } from "./time.ts";

/** Functions that every frame is put together with. */
export interface Writers {
  readonly copy: FunctionBuilder;
  readonly escape: FunctionBuilder;
  readonly hex: FunctionBuilder;
  readonly decimal: FunctionBuilder;
  readonly int: FunctionBuilder;
  readonly float: FunctionBuilder;
  readonly time: FunctionBuilder;
  readonly epoch: FunctionBuilder;
  readonly timeText: FunctionBuilder;
  readonly stampEpoch: FunctionBuilder;
  readonly stampText: FunctionBuilder;
}

export function emitWriters(module: ModuleBuilder, resolveTime: number): Writers {
  const decimal = emitDecimal(module);
  return {
    copy: emitCopy(module),
    escape: emitEscape(module),
    hex: emitHex(module),
    decimal,
    int: emitCanonical(module, false),
    float: emitCanonical(module, true),
    time: emitTime(module, resolveTime),
    epoch: emitEpoch(module, decimal),
    timeText: emitTimeText(module),
    stampEpoch: emitStampEpoch(module, decimal),
    stampText: emitStampText(module),
  };
}

/** Where a constant text lies: at a fixed address, or (`entry`) where address and end are stored, per stream. */
export type TextPlace =
  | { readonly kind: "fixed"; readonly address: number; readonly length: number }
  | { readonly kind: "stream"; readonly entry: number };

export interface EncodeInput {
  readonly parts: readonly Part[];
  /** Places of the texts among the parts, in order, nested ones included. */
  readonly texts: readonly TextPlace[];
  /** Group that holds the time; without one it is the line's own, or the time of reading. */
  readonly timestampGroup: number | undefined;
  /** Lines have times and positions of their own, each in an entry. */
  readonly stamped: boolean;
  /** Groups whose text never needs an escape. */
  readonly plainGroups: ReadonlySet<number>;
}

/** `(start, end, out) → out, or 0 to bail`: appends the frame of the line that has just been matched. */
export class EncodeEmitter {
  readonly #func: FunctionBuilder;
  readonly #writers: Writers;
  readonly #input: EncodeInput;
  readonly #time: number;
  readonly #from: number;
  readonly #to: number;
  #nextText = 0;

  constructor(func: FunctionBuilder, writers: Writers, input: EncodeInput) {
    this.#func = func;
    this.#writers = writers;
    this.#input = input;
    this.#time = func.local();
    this.#from = func.local();
    this.#to = func.local();
  }

  emit(): void {
    const { timestampGroup, parts } = this.#input;
    const bail = ret(i32.const(0));
    const time =
      timestampGroup === undefined
        ? set(this.#time, i32.const(NOW_ENTRY))
        : when(i32.eqz(tee(this.#time, call(this.#writers.time.index, ...bounds(timestampGroup)))), bail);
    this.#func.body(time, this.#parts(parts), get(OUT));
  }

  #parts(parts: readonly Part[]): Code {
    return parts.map((part) => {
      if (part.kind === "text") return this.#text();
      if (part.kind === "value") return this.#value(part.source, part.as);
      return when(i32.ne(...bounds(part.group)), this.#parts(part.parts));
    });
  }

  #text(): Code {
    const place = this.#input.texts[this.#nextText++] as TextPlace;
    if (place.kind === "fixed") return copyFixed(place.address, place.length, OUT);
    const entry = i32.const(place.entry);
    return set(OUT, call(this.#writers.copy.index, i32.load(entry), i32.load(entry, 4), get(OUT)));
  }

  #value(source: Source, as: "json" | "number" | "epoch"): Code {
    const { escape, hex, decimal } = this.#writers;
    switch (source.kind) {
      case "message":
        return set(OUT, call(escape.index, get(START), get(END), get(OUT)));
      case "position":
        return set(OUT, call(decimal.index, this.#position(), get(OUT)));
      case "position-hex":
        return set(OUT, call(hex.index, this.#position(), get(OUT)));
      case "timestamp":
        return this.#timestamp(as === "epoch");
      default:
        return this.#capture(source.group, source.type);
    }
  }

  #timestamp(epoch: boolean): Code {
    const { timestampGroup, stamped } = this.#input;
    const { stampEpoch, stampText } = this.#writers;
    if (stamped && timestampGroup === undefined) {
      return set(OUT, call((epoch ? stampEpoch : stampText).index, i32.load(i32.const(STAMP_AT)), get(OUT)));
    }
    const text = timestampGroup === undefined ? i32.const(0) : bounds(timestampGroup)[0];
    const { index } = epoch ? this.#writers.epoch : this.#writers.timeText;
    return set(OUT, call(index, get(this.#time), text, get(OUT)));
  }

  #position(): Code {
    if (this.#input.stamped) return i64.load(i32.load(i32.const(STAMP_AT)), STAMP_ENTRY.position);
    return i64.add(i64.load(i32.const(POSITION_DELTA)), i64.extend(get(START)));
  }

  #capture(group: number, type: "string" | "int" | "float"): Code {
    const [start, end] = bounds(group);
    const { copy, escape, int, float } = this.#writers;
    const isPlain = type !== "string" || this.#input.plainGroups.has(group);
    const check = type === "string" ? null : type === "int" ? int : float;
    return [
      set(this.#from, start),
      set(this.#to, end),
      check === null ? [] : when(i32.eqz(call(check.index, get(this.#from), get(this.#to))), ret(i32.const(0))),
      set(OUT, call((isPlain ? copy : escape).index, get(this.#from), get(this.#to), get(OUT))),
    ];
  }
}

const START = 0;
const END = 1;
const OUT = 2;

function bounds(group: number): [start: Code, end: Code] {
  return [i32.load(i32.const(slot(group))), i32.load(i32.const(slot(group)), 4)];
}
