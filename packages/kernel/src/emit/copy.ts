import {
  brIf,
  type Code,
  type FunctionBuilder,
  get,
  i8x16,
  i32,
  type Local,
  label,
  loop,
  type ModuleBuilder,
  select,
  set,
  tee,
  v128,
  when,
} from "@sluice/wasm";

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
 * only tab may be among it. Input goes in steps of 16 bytes whatever is in it, so that no step waits for the one
 * before; at each byte to be escaped the rest of the step is written again behind a backslash.
 */
export function emitEscape(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [at, end, out] = [0, 1, 2];
  const [vector, left, mask, from, to, char] = [
    func.local("v128"),
    ...Array.from({ length: 5 }, () => func.local()),
  ] as [number, number, number, number, number, number];
  const [again, more] = [label("step"), label("special")];
  const specials = [0x22, 0x5c, 0x09].map((byte) => i8x16.eq(get(vector), i8x16.splat(byte))).reduce(v128.or);
  const within = i32.sub(i32.shl(i32.const(1), tee(left, smaller(i32.const(16), get(left)))), i32.const(1));
  const special = [
    set(from, i32.add(get(at), i32.ctz(get(mask)))),
    set(to, i32.add(get(out), i32.ctz(get(mask)))),
    set(char, i32.load8(get(from))),
    i32.store8(get(to), i32.const(0x5c)),
    v128.store(get(to), v128.load(get(from)), 1),
    i32.store8(get(to), select(i32.const(0x74), get(char), i32.eq(get(char), i32.const(9))), 1),
    set(out, i32.add(get(out), i32.const(1))),
    brIf(more, tee(mask, i32.and(get(mask), i32.sub(get(mask), i32.const(1))))),
  ];
  func.body(
    loop(
      again,
      set(vector, v128.load(get(at))),
      v128.store(get(out), get(vector)),
      set(left, i32.sub(get(end), get(at))),
      when(tee(mask, i32.and(i8x16.bitmask(specials), within)), loop(more, special)),
      set(out, i32.add(get(out), get(left))),
      brIf(again, i32.ltU(tee(at, i32.add(get(at), i32.const(16))), get(end))),
    ),
    get(out),
  );
  return func;
}

function smaller(a: Code, b: Code): Code {
  return select(a, b, i32.ltU(a, b));
}
