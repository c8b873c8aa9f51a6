import {
  block,
  brIf,
  type Code,
  call,
  type FunctionBuilder,
  get,
  i8x16,
  i16x8,
  i32,
  i64,
  i64x2,
  type Local,
  label,
  loop,
  type ModuleBuilder,
  ret,
  select,
  set,
  v128,
  when,
} from "@sluice/wasm";
import { RAMP } from "./layout.ts";

/** `(value i64, out) → out`: lower-case hexadecimal digits without leading zeros, at least one. */
export function emitHex(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i64", "i32"], ["i32"]);
  const [value, out, skipped] = [0, 1, func.local()];
  const [bytes, nibbles] = [func.local("v128"), func.local("v128")];
  const reversed = [7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0];
  const digits = [...new TextEncoder().encode("0123456789abcdef")];
  const oddPlaces = Array.from({ length: 16 }, (_, i) => (i % 2 === 1 ? 15 : 0));
  const evenPlaces = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 15 : 0));
  func.body(
    set(bytes, i8x16.swizzle(i64x2.splat(get(value)), v128.const(reversed))),
    set(
      nibbles,
      v128.or(v128.and(get(bytes), v128.const(oddPlaces)), v128.and(i16x8.shrU(get(bytes), 4), v128.const(evenPlaces))),
    ),
    set(skipped, i32.shrU(i32.wrap(i64.clz(i64.or(get(value), i64.const(1)))), i32.const(2))),
    v128.store(
      get(out),
      i8x16.swizzle(
        i8x16.swizzle(v128.const(digits), get(nibbles)),
        i8x16.add(v128.load(i32.const(RAMP)), splatByte(get(skipped))),
      ),
    ),
    i32.sub(i32.add(get(out), i32.const(16)), get(skipped)),
  );
  return func;
}

function splatByte(value: Code): Code {
  return [value, 0xfd, 15];
}

/** `(value below 10^8, out, keepZeros) → out`: decimal digits; without leading zeros, or all eight. */
function emitEightDigits(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [value, out, keep, high, zeros] = [0, 1, 2, func.local(), func.local()];
  const [word, part] = [func.local("i64"), func.local("i64")];
  // Splits 8 digits into 2×4, 4×2 and 8×1 within one word.
  const split = (multiplier: number, shift: number, mask: bigint, base: number, lane: number): Code => [
    set(part, i64.and(i64.shrU(i64.mul(get(word), i64.const(multiplier)), i64.const(shift)), i64.const(mask))),
    set(word, i64.or(get(part), i64.shl(i64.sub(get(word), i64.mul(get(part), i64.const(base))), i64.const(lane)))),
  ];
  func.body(
    set(high, [get(value), i32.const(10_000), 0x6e]),
    set(
      word,
      i64.or(
        i64.extend(get(high)),
        i64.shl(i64.extend(i32.sub(get(value), i32.mul(get(high), i32.const(10_000)))), i64.const(32)),
      ),
    ),
    split(10_486, 20, 0x0000_007f_0000_007fn, 100, 16),
    split(103, 10, 0x000f_000f_000f_000fn, 10, 8),
    set(zeros, i32.shrU(i32.wrap(i64.ctz(i64.or(get(word), i64.const(1n << 56n)))), i32.const(3))),
    set(zeros, select(i32.const(0), get(zeros), get(keep))),
    i64.store(
      get(out),
      i64.shrU(i64.add(get(word), i64.const(0x3030_3030_3030_3030n)), i64.shl(i64.extend(get(zeros)), i64.const(3))),
    ),
    i32.sub(i32.add(get(out), i32.const(8)), get(zeros)),
  );
  return func;
}

/** `(value i64 below 10^16, out) → out`: decimal digits. */
export function emitDecimal(module: ModuleBuilder): FunctionBuilder {
  const eight = emitEightDigits(module);
  const func = module.func(["i64", "i32"], ["i32"]);
  const [value, out, high] = [0, 1, func.local("i64")];
  const billion = i64.const(100_000_000);
  func.body(
    set(high, i64.divU(get(value), billion)),
    when(i64.eqz(get(high)), ret(call(eight.index, i32.wrap(get(value)), get(out), i32.const(0)))),
    set(out, call(eight.index, i32.wrap(get(high)), get(out), i32.const(0))),
    call(eight.index, i32.wrap(i64.sub(get(value), i64.mul(get(high), billion))), get(out), i32.const(1)),
  );
  return func;
}

/**
 * `(start, end) → 1` when the text is a number as JavaScript prints it: `-?(0|[1-9]\d*)`, for floats with `\.\d*[1-9]`
 * behind it, of at most 15 digits, not `-0`. Floats below 10^-4 are refused, because they may be printed as `1e-7`.
 */
export function emitCanonical(module: ModuleBuilder, float: boolean): FunctionBuilder {
  const func = module.func(["i32", "i32"], ["i32"]);
  const l: NumberLocals = {
    at: 0,
    end: 1,
    from: func.local(),
    char: func.local(),
    negative: func.local(),
    zero: func.local(),
  };
  func.body(wholePart(l), float ? fractionPart(l) : [noNegativeZero(l), i32.eq(get(l.at), get(l.end))]);
  return func;
}

interface NumberLocals {
  readonly at: Local;
  readonly end: Local;
  readonly from: Local;
  readonly char: Local;
  readonly negative: Local;
  /** The whole part is 0. */
  readonly zero: Local;
}

const NO = ret(i32.const(0));

/** Goes over sign and digits; none, too many, or a needless zero are refused. */
function wholePart(l: NumberLocals): Code {
  return [
    set(l.negative, i32.eq(i32.load8(get(l.at)), i32.const(0x2d))),
    set(l.at, i32.add(get(l.at), get(l.negative))),
    when(i32.gtU(i32.sub(get(l.end), get(l.at)), i32.const(15)), NO),
    when(i32.geU(get(l.at), get(l.end)), NO),
    set(l.from, get(l.at)),
    skipDigits(l),
    when(i32.eq(get(l.at), get(l.from)), NO),
    set(l.zero, i32.eq(i32.load8(get(l.from)), i32.const(0x30))),
    when(i32.and(get(l.zero), i32.gtU(i32.sub(get(l.at), get(l.from)), i32.const(1))), NO),
  ];
}

/** 1 when nothing or a fraction follows that does not end in 0. */
function fractionPart(l: NumberLocals): Code {
  return [
    when(i32.eq(get(l.at), get(l.end)), [noNegativeZero(l), ret(i32.const(1))]),
    when(i32.ne(i32.load8(get(l.at)), i32.const(0x2e)), NO),
    set(l.at, i32.add(get(l.at), i32.const(1))),
    set(l.from, get(l.at)),
    when(i32.geU(get(l.at), get(l.end)), NO),
    skipDigits(l),
    when(i32.ne(get(l.at), get(l.end)), NO),
    when(i32.eq(i32.load8(i32.sub(get(l.end), i32.const(1))), i32.const(0x30)), NO),
    // "0.00000…": four zeros are read as one word.
    i32.eqz(i32.and(get(l.zero), i32.eq(i32.load(get(l.from)), i32.const(0x3030_3030)))),
  ];
}

function noNegativeZero(l: NumberLocals): Code {
  return when(i32.and(get(l.zero), get(l.negative)), NO);
}

function skipDigits(l: NumberLocals): Code {
  const [again, done] = [label("digit"), label("digits")];
  return block(
    done,
    loop(
      again,
      set(l.char, i32.sub(i32.load8(get(l.at)), i32.const(0x30))),
      brIf(done, i32.gtU(get(l.char), i32.const(9))),
      set(l.at, i32.add(get(l.at), i32.const(1))),
      brIf(again, i32.ltU(get(l.at), get(l.end))),
    ),
  );
}
