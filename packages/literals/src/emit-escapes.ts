import {
  block,
  br,
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
import { HEX_DIGITS, RESULT, SIMPLE_ESCAPES } from "./layout.ts";

const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const NEWLINE = 10;
const BLOCK = 16;
const ONE = i32.const(1);
const MINUS_ONE = i32.const(-1);
/** Bytes that escapes can stand for are below. */
const ASCII_END = i32.const(0x80);

/** `RESULT` after `decode`: something was decoded; and an escape is left, or has come of it. */
export const DECODED = { some: 1, again: 2 } as const;

/**
 * `escaped(at, end, list) → list end`: notes the lines that hold a `%` or `\`, as the addresses where they begin and end.
 * The second is doubled, plus 1 where two backslashes stand together.
 */
export function emitEscaped(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [at, end, list] = [0, 1, 2];
  const [begin, line, mask, doubled] = [func.local(), func.local(), func.local(), func.local()];
  const vector = func.local("v128");
  const [again, back, ahead, found] = [label("again"), label("back"), label("ahead"), label("found")];
  const isInside = (place: Code): Code => i32.ne(i32.load8(place), i32.const(NEWLINE));
  const before = i32.add(get(line), MINUS_ONE);
  func.body(
    set(begin, get(at)),
    loop(
      again,
      set(vector, v128.load(get(at))),
      when(
        tee(mask, escapesIn(vector)),
        [
          set(at, i32.add(get(at), i32.ctz(get(mask)))),
          set(line, get(at)),
          loop(back, when(i32.gtU(get(line), get(begin)), [when(isInside(before), [set(line, before), br(back)])])),
          set(doubled, i32.const(0)),
          block(
            found,
            loop(
              ahead,
              brIf(found, i32.geU(get(at), get(end))),
              brIf(found, i32.eqz(isInside(get(at)))),
              set(doubled, i32.or(get(doubled), i32.eq(i32.load16(get(at)), i32.const(BACKSLASH * 0x101)))),
              set(at, i32.add(get(at), ONE)),
              br(ahead),
            ),
          ),
          i32.store(get(list), get(line)),
          i32.store(get(list), i32.or(i32.shl(get(at), ONE), get(doubled)), 4),
          set(list, i32.add(get(list), i32.const(8))),
        ],
        set(at, i32.add(get(at), i32.const(BLOCK))),
      ),
      brIf(again, i32.ltU(get(at), get(end))),
    ),
    get(list),
  );
  return func;
}

/**
 * `decode(at, end, out) → out end`: writes the text without its escapes. It may write 16 bytes more, and must not write
 * to what it reads. Tells at `RESULT` what it has found.
 */
export function emitDecode(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [at, end, out] = [0, 1, 2];
  const [mask, plain, flags] = [func.local(), func.local(), func.local()];
  const one: One = { at, end, byte: func.local(), length: func.local(), other: func.local() };
  const vector = func.local("v128");
  const [again, done] = [label("again"), label("done")];
  const left = i32.sub(get(end), get(at));
  func.body(
    block(
      done,
      loop(
        again,
        brIf(done, i32.geU(get(at), get(end))),
        set(vector, v128.load(get(at))),
        v128.store(get(out), get(vector)),
        set(mask, escapesIn(vector)),
        set(plain, select(i32.ctz(get(mask)), i32.const(BLOCK), get(mask))),
        set(plain, select(get(plain), left, i32.ltU(get(plain), left))),
        set(at, i32.add(get(at), get(plain))),
        set(out, i32.add(get(out), get(plain))),
        brIf(again, i32.eqz(get(mask))),
        brIf(done, i32.geU(get(at), get(end))),
        decodeOne(one),
        when(i32.gtU(get(one.length), ONE), [set(flags, i32.or(get(flags), i32.const(DECODED.some)))]),
        when(i32.or(i32.eq(get(one.byte), i32.const(PERCENT)), i32.eq(get(one.byte), i32.const(BACKSLASH))), [
          set(flags, i32.or(get(flags), i32.const(DECODED.again))),
        ]),
        i32.store8(get(out), get(one.byte)),
        set(out, i32.add(get(out), ONE)),
        set(at, i32.add(get(at), get(one.length))),
        br(again),
      ),
    ),
    i32.store(i32.const(RESULT), get(flags)),
    get(out),
  );
  return func;
}

interface One {
  readonly at: Local;
  readonly end: Local;
  readonly byte: Local;
  readonly length: Local;
  readonly other: Local;
}

/** Sets `byte` and `length` to what stands at `at`, where a `%` or `\` is. */
function decodeOne({ at, end, byte, length, other }: One): Code {
  const take = (value: Code, size: number): Code => [set(byte, value), set(length, i32.const(size))];
  const fits = (size: number): Code => i32.leU(i32.add(get(at), i32.const(size)), get(end));
  const hex = (offset: number, size: number): Code =>
    when(fits(size), [
      set(other, i32.or(i32.shl(hexDigit(at, offset), i32.const(4)), hexDigit(at, offset + 1))),
      when(i32.ltU(get(other), ASCII_END), take(get(other), size)),
    ]);
  const isLetter = (letter: string): Code => i32.eq(i32.load8(get(at), 1), i32.const(letter.charCodeAt(0)));
  return [
    take(i32.load8(get(at)), 1),
    when(
      i32.eq(get(byte), i32.const(PERCENT)),
      hex(1, 3),
      when(fits(2), [
        when(i32.ltU(tee(other, i32.load8(i32.load8(get(at), 1), SIMPLE_ESCAPES)), ASCII_END), take(get(other), 2), [
          when(isLetter("x"), hex(2, 4)),
          when(isLetter("u"), when(i32.eq(i32.load16(get(at), 2), i32.const(0x3030)), hex(4, 6))),
        ]),
      ]),
    ),
  ];
}

function hexDigit(at: Local, offset: number): Code {
  return i32.load8(i32.load8(get(at), offset), HEX_DIGITS);
}

function escapesIn(vector: Local): Code {
  const is = (byte: number): Code => i8x16.eq(get(vector), i8x16.splat(byte));
  return i8x16.bitmask(v128.or(is(PERCENT), is(BACKSLASH)));
}
