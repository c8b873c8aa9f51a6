import type { FunctionBuilder, ModuleBuilder } from "../wasm/assembler.ts";
import { block, brIf, label, loop, when } from "../wasm/code.ts";
import { call, get, i8x16, i32, i64, ret, set, v128 } from "../wasm/ops.ts";
import { TIME_CACHE, TIME_ENTRIES, TIME_ENTRY } from "./layout.ts";

/**
 * `(start, end) → entry, or 0`: what becomes of a time text. Neighbouring lines often have the same time, so texts are
 * looked up in a cache that goes by their last 8 bytes; `resolve(start, length, entry)` fills an entry.
 */
export function emitTime(module: ModuleBuilder, resolve: number): FunctionBuilder {
  const func = module.func(["i32", "i32"], ["i32"]);
  const [start, end] = [0, 1];
  const [length, entry, at, differing] = [func.local(), func.local(), func.local(), func.local()];
  const miss = label("miss");
  const again = label("compare");
  const mixed = i64.mul(i64.load(i32.sub(get(end), i32.const(8))), i64.const(0x9e37_79b9_7f4a_7c15n));
  const index = i32.wrap(i64.shrU(mixed, i64.const(64 - Math.log2(TIME_ENTRIES))));
  const pair = i8x16.ne(
    v128.load(i32.add(get(start), get(at))),
    v128.load(i32.add(get(entry), get(at)), TIME_ENTRY.text),
  );
  const remaining = i32.sub(get(length), get(at));
  func.body(
    set(length, i32.sub(get(end), get(start))),
    when(i32.gtU(i32.sub(get(length), i32.const(1)), i32.const(TIME_ENTRY.maxText - 1)), ret(i32.const(0))),
    set(entry, i32.add(i32.const(TIME_CACHE), i32.mul(index, i32.const(TIME_ENTRY.size)))),
    block(
      miss,
      brIf(miss, i32.ne(i32.load(get(entry), TIME_ENTRY.textLength), get(length))),
      loop(
        again,
        set(differing, i8x16.bitmask(pair)),
        when(i32.geU(i32.ctz(i32.or(get(differing), i32.const(0x1_0000))), remaining), ret(get(entry))),
        brIf(miss, get(differing)),
        set(at, i32.add(get(at), i32.const(16))),
        brIf(again, i32.ltU(get(at), get(length))),
      ),
      ret(get(entry)),
    ),
    call(resolve, get(start), get(length), get(entry)),
  );
  return func;
}
