import {
  brIf,
  type Code,
  get,
  i8x16,
  i16x8,
  i32,
  i64,
  type Label,
  type Local,
  label,
  loop,
  select,
  set,
  tee,
  v128,
  when,
} from "@sluice/wasm";
import { ANY_BYTE, type ByteSet, members, minus, ranges } from "../regex/byte-set.ts";

const ALL = 0xffff;

/** The set as ranges of bytes. */
function byteRanges(set: ByteSet): [from: number, to: number][] {
  const list = ranges(set);
  if (!set.high) return list;
  const last = list.at(-1);
  if (last?.[1] === 127) last[1] = 255;
  else list.push([128, 255]);
  return list;
}

/** 1 when the byte in `local` is a member. */
export function isMember(local: Local, set: ByteSet): Code {
  const list = byteRanges(set);
  if (list.length === 0) return i32.const(0);
  if (list.length <= 3) return list.map(([from, to]) => inRange(local, from, to)).reduce((a, b) => i32.or(a, b));
  const half = (from: bigint): Code => i64.const((set.ascii >> from) & 0xffff_ffff_ffff_ffffn);
  const bits = select(half(0n), half(64n), i32.ltU(get(local), i32.const(64)));
  const bit = i32.wrap(i64.shrU(bits, i64.extend(get(local))));
  const ascii = i32.ltU(get(local), i32.const(128));
  return i32.and(set.high ? i32.or(bit, i32.eqz(ascii)) : i32.and(bit, ascii), i32.const(1));
}

function inRange(local: Local, from: number, to: number): Code {
  if (from === to) return i32.eq(get(local), i32.const(from));
  return i32.leU(i32.sub(get(local), i32.const(from)), i32.const(to - from));
}

/** Locals that scanning needs. */
export interface ScanLocals {
  readonly vector: Local;
  readonly mask: Local;
}

/** Moves `at` over members of the class, at most to `end`. */
export function scanRun(set_: ByteSet, at: Local, end: Local, locals: ScanLocals): Code {
  const again = label("run");
  const { outsiders, bounded } = outsidersOf(set_, locals.vector);
  const step = when(tee(locals.mask, outsiders), set(at, i32.add(get(at), i32.ctz(get(locals.mask)))), [
    set(at, i32.add(get(at), i32.const(16))),
    brIf(again, i32.ltU(get(at), get(end))),
  ]);
  const scan = loop(again, set(locals.vector, v128.load(get(at))), step);
  return bounded ? scan : [scan, set(at, select(get(end), get(at), i32.gtU(get(at), get(end))))];
}

/** Bit mask of bytes outside of the class. `bounded`: the byte after a line is always among them. */
function outsidersOf(set_: ByteSet, vector: Local): { outsiders: Code; bounded: boolean } {
  const excluded = minus(ANY_BYTE, set_);
  if (!excluded.high && members(excluded).length <= 4) {
    const hits = members(excluded).map((byte) => i8x16.eq(get(vector), i8x16.splat(byte)));
    return { outsiders: hits.length === 0 ? i32.const(0) : i8x16.bitmask(hits.reduce(v128.or)), bounded: false };
  }
  const list = byteRanges(set_);
  const inside =
    list.length <= 2 ? list.map((r) => inVectorRange(vector, ...r)).reduce(v128.or) : byNibbles(set_, vector);
  return { outsiders: i32.xor(i8x16.bitmask(inside), i32.const(ALL)), bounded: true };
}

function inVectorRange(vector: Local, from: number, to: number): Code {
  if (from === to) return i8x16.eq(get(vector), i8x16.splat(from));
  return i8x16.leU(i8x16.sub(get(vector), i8x16.splat(from)), i8x16.splat(to - from));
}

/**
 * Membership by two table look-ups: ASCII has eight rows of 16, so each row has a bit of its own. (Known as "shufti",
 * from Hyperscan.)
 */
function byNibbles(set_: ByteSet, vector: Local): Code {
  const list = members(set_);
  const low = Array.from({ length: 16 }, (_, column) =>
    list.filter((byte) => (byte & 15) === column).reduce((bits, byte) => bits | (1 << (byte >> 4)), 0),
  );
  const high = Array.from({ length: 16 }, (_, row) => (row < 8 ? 1 << row : 0));
  const nibble = i8x16.splat(15);
  const columns = i8x16.swizzle(v128.const(low), v128.and(get(vector), nibble));
  const rows = i8x16.swizzle(v128.const(high), v128.and(i16x8.shrU(get(vector), 4), nibble));
  const inside = i8x16.ne(v128.and(columns, rows), i8x16.splat(0));
  return set_.high ? v128.or(inside, i8x16.ltS(get(vector), i8x16.splat(0))) : inside;
}

/** Leaves for `fail` unless the byte at `at + offset` is a member. */
export function demandMember(set_: ByteSet, at: Local, offset: number, byte: Local, fail: Label): Code {
  return [set(byte, i32.load8(get(at), offset)), brIf(fail, i32.eqz(isMember(byte, set_)))];
}
