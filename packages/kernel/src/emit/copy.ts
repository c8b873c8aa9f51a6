import type { FunctionBuilder, ModuleBuilder } from "../wasm/assembler.ts";
import { block, br, brIf, type Code, label, loop, when } from "../wasm/code.ts";
import { get, i8x16, i32, type Local, select, set, tee, v128 } from "../wasm/ops.ts";

// Copies go in vectors of 16 bytes and may write up to 15 bytes too many: what comes next in the frame goes over them.

/** Appends `length` bytes from a fixed address. */
export function copyFixed(address: number, length: number, out: Local): Code {
  const code: Code[] = [];
  for (let i = 0; i < length; i += 16) code.push(v128.store(get(out), v128.load(i32.const(address), i), i));
  return [code, set(out, i32.add(get(out), i32.const(length)))];
}

/** `(start, end, out) → out`: appends bytes as they are; `start < end`. */
export function emitCopy(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [at, end, out, stop] = [0, 1, 2, func.local()];
  const again = label("copy");
  func.body(
    set(stop, i32.add(get(out), i32.sub(get(end), get(at)))),
    loop(
      again,
      v128.store(get(out), v128.load(get(at))),
      set(out, i32.add(get(out), i32.const(16))),
      set(at, i32.add(get(at), i32.const(16))),
      brIf(again, i32.ltU(get(at), get(end))),
    ),
    get(stop),
  );
  return func;
}

/**
 * `(start, end, out) → out`: appends text as the content of a JSON string; `start < end`. Of the control characters
 * only tab may be among it.
 */
export function emitEscape(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [at, end, out] = [0, 1, 2];
  const [vector, plain, left, char] = [func.local("v128"), func.local(), func.local(), func.local()];
  const again = label("escape");
  const done = label("done");
  const special = [0x22, 0x5c, 0x09].map((byte) => i8x16.eq(get(vector), i8x16.splat(byte))).reduce(v128.or);
  func.body(
    block(
      done,
      loop(
        again,
        set(vector, v128.load(get(at))),
        v128.store(get(out), get(vector)),
        set(plain, i32.ctz(i32.or(i8x16.bitmask(special), i32.const(0x1_0000)))),
        set(left, i32.sub(get(end), get(at))),
        when(i32.geU(get(plain), get(left)), [set(out, i32.add(get(out), get(left))), br(done)]),
        set(at, i32.add(get(at), get(plain))),
        set(out, i32.add(get(out), get(plain))),
        brIf(again, i32.eq(get(plain), i32.const(16))),
        set(char, i32.load8(get(at))),
        i32.store8(get(out), i32.const(0x5c)),
        i32.store8(get(out), select(i32.const(0x74), get(char), i32.eq(get(char), i32.const(9))), 1),
        set(out, i32.add(get(out), i32.const(2))),
        brIf(again, i32.ltU(tee(at, i32.add(get(at), i32.const(1))), get(end))),
      ),
    ),
    get(out),
  );
  return func;
}
