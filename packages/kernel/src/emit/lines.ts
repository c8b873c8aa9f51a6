import {
  block,
  br,
  brIf,
  type Code,
  call,
  type FunctionBuilder,
  get,
  i8x16,
  i32,
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
import { FIXED_BYTES, RESULT, STAMP_AT, STAMP_ENTRY } from "./layout.ts";

/** Why `run` came back. */
export const STOP = { done: 0, bail: 1, full: 2 } as const;

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 0x20;

export interface LineLimits {
  /** Longer records bail. */
  readonly maxRecordBytes: number;
  /** How often a byte of the line may appear in its frame at most. */
  readonly copies: number;
  /** Lines have times of their own, each in an entry. */
  readonly stamped: boolean;
}

function nextStamp(): Code {
  const at = i32.const(STAMP_AT);
  return i32.store(at, i32.add(i32.load(at), i32.const(STAMP_ENTRY.size)));
}

interface Locals {
  readonly next: Local;
  readonly inputEnd: Local;
  readonly asciiOnly: Local;
  readonly out: Local;
  readonly outEnd: Local;
  readonly endEntry: Local;
  readonly endEntries: Local;
  readonly start: Local;
  readonly at: Local;
  readonly end: Local;
  readonly char: Local;
  readonly mask: Local;
  readonly high: Local;
  readonly vector: Local;
  readonly bytes: Local;
}

/**
 * `run(input, inputEnd, asciiOnly, out, outEnd, endEntry, endEntries) → STOP`: handles lines until one bails, the
 * output is full or the input ends. The byte at `inputEnd` is a newline.
 */
export function emitRun(module: ModuleBuilder, match: FunctionBuilder, limits: LineLimits): FunctionBuilder {
  const blank = emitStartsBlank(module);
  const func = module.func(Array<"i32">(7).fill("i32"), ["i32"]);
  const l = localsOf(func);
  const result = func.local();
  const [bail, full, done, line] = [label("bail"), label("full"), label("done"), label("line")];
  const oneLine = [
    set(l.start, get(l.next)),
    brIf(done, i32.geU(get(l.next), get(l.inputEnd))),
    brIf(full, i32.geU(get(l.endEntry), get(l.endEntries))),
    findEnd(l, bail),
    checkLine(l, limits, blank, bail, full),
    brIf(bail, i32.eqz(tee(result, call(match.index, get(l.start), get(l.end), get(l.out))))),
    set(l.out, get(result)),
    i32.store(get(l.endEntry), get(l.out)),
    set(l.endEntry, i32.add(get(l.endEntry), i32.const(4))),
    set(l.bytes, i32.add(get(l.bytes), i32.sub(get(l.end), get(l.start)))),
    limits.stamped ? nextStamp() : [],
    br(line),
  ];
  const onBail = [block(bail, loop(line, oneLine)), report(l), ret(i32.const(STOP.bail))];
  const onFull = [block(full, onBail), report(l), ret(i32.const(STOP.full))];
  func.body(block(done, onFull), report(l), i32.const(STOP.done));
  return func;
}

function localsOf(func: FunctionBuilder): Locals {
  return {
    next: 0,
    inputEnd: 1,
    asciiOnly: 2,
    out: 3,
    outEnd: 4,
    endEntry: 5,
    endEntries: 6,
    start: func.local(),
    at: func.local(),
    end: func.local(),
    char: func.local(),
    mask: func.local(),
    high: func.local(),
    vector: func.local("v128"),
    bytes: func.local(),
  };
}

/** Sets `end` and `next` of the line at `start`, and `high` when it has bytes beyond ASCII. */
function findEnd(l: Locals, bail: ReturnType<typeof label>): Code {
  const [scan, found] = [label("scan"), label("found")];
  const controls = i8x16.bitmask(i8x16.leU(get(l.vector), i8x16.splat(SPACE - 1)));
  const beforeFirst = i32.and(
    i8x16.bitmask(get(l.vector)),
    i32.sub(i32.and(get(l.mask), i32.sub(i32.const(0), get(l.mask))), i32.const(1)),
  );
  const next = [
    set(l.vector, v128.load(get(l.at))),
    when(i32.eqz(tee(l.mask, controls)), [
      set(l.high, i32.or(get(l.high), i8x16.bitmask(get(l.vector)))),
      set(l.at, i32.add(get(l.at), i32.const(16))),
      br(scan),
    ]),
    set(l.high, i32.or(get(l.high), beforeFirst)),
    set(l.at, i32.add(get(l.at), i32.ctz(get(l.mask)))),
    set(l.char, i32.load8(get(l.at))),
    brIf(found, i32.eq(get(l.char), i32.const(NEWLINE))),
    when(i32.eq(get(l.char), i32.const(TAB)), [set(l.at, i32.add(get(l.at), i32.const(1))), br(scan)]),
    // What is left is a carriage return before a real newline, or a line for the plain path.
    brIf(bail, i32.ne(get(l.char), i32.const(RETURN))),
    brIf(bail, i32.ne(i32.load8(get(l.at), 1), i32.const(NEWLINE))),
    brIf(bail, i32.eq(i32.add(get(l.at), i32.const(1)), get(l.inputEnd))),
    set(l.next, i32.add(get(l.at), i32.const(2))),
    set(l.end, get(l.at)),
  ];
  const plainEnd = [set(l.end, get(l.at)), set(l.next, i32.add(get(l.at), i32.const(1)))];
  const ended = label("ended");
  return [
    set(l.at, get(l.start)),
    set(l.high, i32.const(0)),
    block(ended, block(found, loop(scan, next), br(ended)), plainEnd),
  ];
}

function checkLine(
  l: Locals,
  limits: LineLimits,
  blank: FunctionBuilder,
  bail: ReturnType<typeof label>,
  full: ReturnType<typeof label>,
): Code {
  const length = i32.sub(get(l.end), get(l.start));
  const room = i32.add(i32.load(i32.const(FIXED_BYTES)), i32.mul(length, i32.const(limits.copies * 2)));
  // 1 to `maxRecordBytes`; an empty line wraps around.
  const badLength = i32.geU(i32.sub(length, i32.const(1)), i32.const(limits.maxRecordBytes));
  return [
    brIf(bail, badLength),
    brIf(bail, i32.and(i32.ne(get(l.high), i32.const(0)), get(l.asciiOnly))),
    set(l.char, i32.load8(get(l.start))),
    when(i32.gtU(i32.sub(get(l.char), i32.const(SPACE + 1)), i32.const(0x7e - SPACE - 1)), [
      brIf(bail, call(blank.index, get(l.start), get(l.end))),
    ]),
    brIf(full, i32.gtU(i32.add(get(l.out), room), get(l.outEnd))),
  ];
}

/** `(start, end) → 1` when nothing but blanks comes before the end or before a character beyond ASCII. */
function emitStartsBlank(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32"], ["i32"]);
  const [at, end, char] = [0, 1, func.local()];
  const [again, blank] = [label("again"), label("blank")];
  func.body(
    block(
      blank,
      loop(
        again,
        brIf(blank, i32.geU(get(at), get(end))),
        set(char, i32.load8(get(at))),
        brIf(blank, i32.geU(get(char), i32.const(0x80))),
        set(at, i32.add(get(at), i32.const(1))),
        brIf(again, i32.eq(get(char), i32.const(SPACE))),
        brIf(again, i32.eq(get(char), i32.const(TAB))),
        ret(i32.const(0)),
      ),
    ),
    i32.const(1),
  );
  return func;
}

/** Stores where the run stands; the line at `start` was not taken. */
function report(l: Locals): Code {
  return [
    i32.store(i32.const(RESULT), get(l.start)),
    i32.store(i32.const(RESULT), get(l.out), 4),
    i32.store(i32.const(RESULT), get(l.endEntry), 8),
    i32.store(i32.const(RESULT), get(l.bytes), 12),
  ];
}
