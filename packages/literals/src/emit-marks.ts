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
  set,
  tee,
  v128,
  when,
} from "@sluice/wasm";
import { MARK } from "./layout.ts";

const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const DIGIT = 0x30;
/** Blocks of 16 bytes; one of each three is looked at for long runs, which is enough for runs from 64 bytes on. */
const STRIDE = 48;

/** How far apart the dots of a pair are. */
const PAIR = 7;

/** `mark(at, end, list) → list end`: notes numbers and pairs of dots, in order, then long runs. */
export function emitMarks(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [start, end, list] = [0, 1, 2];
  const [at, mask, digits, numeric, dots] = [func.local(), func.local(), func.local(), func.local(), func.local()];
  const near = func.local();
  const vector = func.local("v128");
  const [again, run] = [label("again"), label("run")];
  func.body(
    set(at, get(start)),
    loop(
      again,
      set(vector, v128.load(get(at))),
      // The last 16 bytes and these: a run of 11 that ends here has begun there, at the earliest at its 7th byte.
      shiftIn(digits, inRange(get(vector), DIGIT, 10)),
      shiftIn(numeric, v128.or(inRange(get(vector), DIGIT, 10), v128.or(is(vector, SPACE), is(vector, DASH)))),
      when(i32.and(runsOf(numeric, mask), i32.and(get(digits), i32.const(~0x3f))), [
        set(mask, i32.and(i32.and(get(mask), get(digits)), i32.const(~0x3f))),
        set(mask, i32.and(get(mask), i32.xor(i32.shl(get(mask), i32.const(1)), i32.const(-1)))),
        noteEach(list, at, mask, MARK.digits),
      ]),
      shiftIn(dots, is(vector, DOT)),
      // Of the same 32 bytes: the second dot is one of these 16.
      set(mask, i32.and(get(dots), i32.shrU(get(dots), i32.const(PAIR)))),
      when(tee(mask, i32.and(get(mask), i32.const(-1 << (16 - PAIR)))), [
        // Versions of browsers have more dots in between.
        when(tee(mask, i32.and(get(mask), i32.xor(dotsBetween(dots, near), i32.const(-1)))), [
          noteEach(list, at, mask, MARK.dots),
        ]),
      ]),
      set(at, i32.add(get(at), i32.const(16))),
      brIf(again, i32.ltU(get(at), get(end))),
    ),
    set(at, get(start)),
    loop(
      run,
      set(vector, v128.load(get(at))),
      when(isBase64(at, vector, 0), [when(hasRunAround(at, vector), [note(list, get(at), MARK.run)])]),
      set(at, i32.add(get(at), i32.const(STRIDE))),
      brIf(run, i32.ltU(get(at), get(end))),
    ),
    get(list),
  );
  return func;
}

function note(list: Local, address: Code, kind: number): Code {
  return [
    i32.store(get(list), i32.or(i32.shl(address, i32.const(2)), i32.const(kind))),
    set(list, i32.add(get(list), i32.const(4))),
  ];
}

/** Notes each bit of the mask, of which bit 0 stands for the byte 16 before `at`. */
function noteEach(list: Local, at: Local, mask: Local, kind: number): Code {
  const next = label("next");
  return loop(
    next,
    note(list, i32.add(i32.sub(get(at), i32.const(16)), i32.ctz(get(mask))), kind),
    brIf(next, tee(mask, i32.and(get(mask), i32.sub(get(mask), i32.const(1))))),
  );
}

function is(vector: Local, byte: number): Code {
  return i8x16.eq(get(vector), i8x16.splat(byte));
}

function inRange(vector: Code, from: number, count: number): Code {
  return i8x16.leU(i8x16.sub(vector, i8x16.splat(from)), i8x16.splat(count - 1));
}

/** Puts the bits of these 16 bytes above those of the last. */
function shiftIn(bits: Local, vector: Code): Code {
  return set(bits, i32.or(i32.shrU(get(bits), i32.const(16)), i32.shl(i8x16.bitmask(vector), i32.const(16))));
}

/** Whether the block is in a run of three: the runs that count have four or more, two of these on one side of it. */
function hasRunAround(at: Local, vector: Local): Code {
  const [twoBefore, before, behind, twoBehind] = [-2, -1, 1, 2].map((blocks) => isBase64(at, vector, blocks)) as [
    Code,
    Code,
    Code,
    Code,
  ];
  return i32.or(i32.and(before, i32.or(twoBefore, behind)), i32.and(behind, twoBehind));
}

function isBase64(at: Local, vector: Local, blocks: number): Code {
  const block = v128.load(i32.add(get(at), i32.const(16 * blocks)));
  return i32.eq(i8x16.bitmask([set(vector, block), base64(vector)]), i32.const(0xffff));
}

function base64(vector: Local): Code {
  const letters = inRange(v128.or(get(vector), i8x16.splat(0x20)), 0x61, 26);
  return [letters, inRange(get(vector), SLASH, 11), is(vector, 0x2b)].reduce(v128.or);
}

/** Bits behind which one of the next {@link PAIR} - 1 is set. */
function dotsBetween(dots: Local, near: Local): Code {
  const orShifted = (shift: number): Code => i32.or(get(near), i32.shrU(get(near), i32.const(shift)));
  // One of two bits, then one of four; of six when what begins at the next one and at the third are put together.
  return [
    set(near, get(dots)),
    set(near, orShifted(1)),
    set(near, orShifted(2)),
    set(near, i32.shrU(get(near), i32.const(1))),
    orShifted(PAIR - 5),
  ];
}

/** Bits at which 11 set ones begin. */
function runsOf(bits: Local, mask: Local): Code {
  const with_ = (shift: number): Code => set(mask, i32.and(get(mask), i32.shrU(get(mask), i32.const(shift))));
  return [set(mask, get(bits)), with_(1), with_(2), with_(4), with_(3), get(mask)];
}
