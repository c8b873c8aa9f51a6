import {
  block,
  brIf,
  type Code,
  call,
  type FunctionBuilder,
  get,
  i8x16,
  i32,
  i64,
  type Label,
  type Local,
  label,
  loop,
  type ModuleBuilder,
  ret,
  set,
  tee,
  v128,
  when,
} from "@sluice/wasm";
import { SECONDS_AT, TIME_CACHE, TIME_ENTRIES, TIME_ENTRY } from "./layout.ts";

const ZERO = 0x30;

/**
 * `(start, end) → entry, or 0`: what becomes of a time text. Lines often have a time in the same minute as others, so
 * texts are looked up in a cache that goes by the bytes before their seconds; `resolve(start, length, entry)` fills an
 * entry.
 */
export function emitTime(module: ModuleBuilder, resolve: number): FunctionBuilder {
  const func = module.func(["i32", "i32"], ["i32"]);
  const [start, end] = [0, 1];
  const [length, entry, at, differing, digit] = [func.local(), func.local(), func.local(), func.local(), func.local()];
  const miss = label("miss");
  const key = i64.load(i32.add(get(start), i32.sub(i32.load(i32.const(SECONDS_AT)), i32.const(8))));
  const index = i64.shrU(i64.mul(key, i64.const(0x9e37_79b9_7f4a_7c15n)), i64.const(64 - Math.log2(TIME_ENTRIES)));
  func.body(
    set(length, i32.sub(get(end), get(start))),
    when(i32.gtU(i32.sub(get(length), i32.const(1)), i32.const(TIME_ENTRY.maxText - 1)), ret(i32.const(0))),
    set(entry, i32.add(i32.const(TIME_CACHE), i32.mul(i32.wrap(index), i32.const(TIME_ENTRY.size)))),
    block(
      miss,
      brIf(miss, i32.ne(i32.load(get(entry), TIME_ENTRY.textLength), get(length))),
      compareText({ start, entry, length, at, differing }, miss),
      when(i32.eq(secondsAt(entry), i32.const(-1)), ret(get(entry))),
      checkDigits({ start, entry, at, digit }, miss),
      ret(get(entry)),
    ),
    call(resolve, get(start), get(length), get(entry)),
  );
  return func;
}

function secondsAt(entry: Local): Code {
  return i32.load(get(entry), TIME_ENTRY.secondsAt);
}

interface CompareLocals {
  readonly start: Local;
  readonly entry: Local;
  readonly length: Local;
  readonly at: Local;
  readonly differing: Local;
}

/** Leaves for `miss` unless the text is that of the entry in all bytes that count. */
function compareText({ start, entry, length, at, differing }: CompareLocals, miss: Label): Code {
  const [again, same] = [label("compare"), label("same")];
  const pair = i8x16.ne(
    v128.load(i32.add(get(start), get(at))),
    v128.load(i32.add(get(entry), get(at)), TIME_ENTRY.text),
  );
  const counted = i64.shrU(i64.load(get(entry), TIME_ENTRY.ignored), i64.extend(get(at)));
  const counting = i32.and(i8x16.bitmask(pair), i32.xor(i32.wrap(counted), i32.const(-1)));
  return block(
    same,
    loop(
      again,
      set(differing, counting),
      brIf(same, i32.geU(i32.ctz(i32.or(get(differing), i32.const(0x1_0000))), i32.sub(get(length), get(at)))),
      brIf(miss, get(differing)),
      brIf(again, i32.ltU(tee(at, i32.add(get(at), i32.const(16))), get(length))),
    ),
  );
}

interface DigitLocals {
  readonly start: Local;
  readonly entry: Local;
  readonly at: Local;
  readonly digit: Local;
}

/** Leaves for `miss` unless the bytes that were not compared are seconds from 00 to 59 and digits of a fraction. */
function checkDigits({ start, entry, at, digit }: DigitLocals, miss: Label): Code {
  const [again, done] = [label("digit"), label("digits")];
  const above = (offset: number, most: number): Code =>
    i32.gtU(i32.sub(i32.load8(get(at), offset), i32.const(ZERO)), i32.const(most));
  return [
    set(at, i32.add(get(start), secondsAt(entry))),
    brIf(miss, i32.or(above(0, 5), above(1, 9))),
    set(digit, i32.load(get(entry), TIME_ENTRY.fractionDigits)),
    block(
      done,
      loop(
        again,
        brIf(done, i32.eqz(get(digit))),
        brIf(miss, above(3, 9)),
        set(at, i32.add(get(at), i32.const(1))),
        set(digit, i32.sub(get(digit), i32.const(1))),
        brIf(again, i32.const(1)),
      ),
    ),
  ];
}

/** `(entry, text, out) → out`: seconds since the epoch with three decimals. */
export function emitEpoch(module: ModuleBuilder, decimal: FunctionBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [entry, text, out, at, seconds, millis] = [0, 1, 2, func.local(), func.local(), func.local()];
  const digit = (offset: number): Code => i32.sub(i32.load8(get(at), offset), i32.const(ZERO));
  const ownFraction = i32.or(i32.and(i32.load(get(at), 2), i32.const(0xffff_ff00)), i32.const(0x2e));
  func.body(
    set(millis, i32.load(get(entry), TIME_ENTRY.millis)),
    when(i32.ne(secondsAt(entry), i32.const(-1)), [
      set(at, i32.add(get(text), secondsAt(entry))),
      set(seconds, i32.add(i32.mul(digit(0), i32.const(10)), digit(1))),
      when(i32.load(get(entry), TIME_ENTRY.fractionDigits), set(millis, ownFraction)),
    ]),
    set(out, call(decimal.index, i64.add(i64.load(get(entry), TIME_ENTRY.base), i64.extend(get(seconds))), get(out))),
    i32.store(get(out), get(millis)),
    i32.add(get(out), i32.const(4)),
  );
  return func;
}

/** `(entry, text, out) → out`: RFC 3339. Of a fraction, groups of three zeros at the end are left out, but the first. */
export function emitTimeText(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [entry, text, out, at, digits] = [0, 1, 2, func.local(), func.local()];
  const isZeros = (offset: number): Code =>
    i32.eq(i32.and(i32.load(get(at), 3 + offset), i32.const(0xff_ffff)), i32.const(0x30_3030));
  const shorten = (from: number): Code =>
    when(i32.and(i32.eq(get(digits), i32.const(from)), isZeros(from - 3)), set(digits, i32.const(from - 3)));
  func.body(
    v128.store(get(out), v128.load(get(entry), TIME_ENTRY.json)),
    v128.store(get(out), v128.load(get(entry), TIME_ENTRY.json + 16), 16),
    when(i32.eq(secondsAt(entry), i32.const(-1)), ret(i32.add(get(out), i32.load(get(entry), TIME_ENTRY.jsonLength)))),
    set(at, i32.add(get(text), secondsAt(entry))),
    i32.store16(get(out), i32.load16(get(at)), 17),
    set(digits, i32.load(get(entry), TIME_ENTRY.fractionDigits)),
    when(i32.eqz(get(digits)), ret(i32.add(get(out), i32.load(get(entry), TIME_ENTRY.jsonLength)))),
    i64.store(get(out), i64.load(get(at), 3), 20),
    i32.store8(get(out), i32.load8(get(at), 11), 28),
    shorten(9),
    shorten(6),
    i32.store8(i32.add(get(out), get(digits)), i32.const(0x5a), 20),
    i32.add(i32.add(get(out), get(digits)), i32.const(21)),
  );
  return func;
}
