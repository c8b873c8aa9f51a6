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
import { emitGate } from "./emit-gate.ts";
import { TRIPLE_FACTOR } from "./hash.ts";
import {
  BLOCK_BYTES,
  ENTRIES,
  ENTRY,
  FILTER,
  FILTER_ENTRY,
  HASH_BITS,
  HEADS,
  HIT_BYTES,
  LATE_HEADS,
  RESULT,
} from "./layout.ts";

/** Places looked at in one round, two bytes apart. */
const PLACES = 8;
const FOLD = 0x2020_2020;

/**
 * `collect(at, end, list) → list end`: notes every second address at which a fragment might begin. It does so without
 * branches: each address is written to the list, which only grows when the filter says so.
 */
export function emitCollect(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [at, end, list] = [0, 1, 2];
  const [bytes, pair] = [func.local(), func.local()];
  const again = label("again");
  const places = Array.from({ length: PLACES }, (_, i) => lookAt({ at, bytes, pair, list }, 2 * i));
  func.body(
    loop(again, places, set(at, i32.add(get(at), i32.const(2 * PLACES))), brIf(again, i32.ltU(get(at), get(end)))),
    get(list),
  );
  return func;
}

function lookAt({ at, bytes, pair, list }: Record<"at" | "bytes" | "pair" | "list", Local>, offset: number): Code {
  const behind = i32.shrU(i32.load(get(pair), FILTER), i32.shrU(get(bytes), i32.const(24)));
  const before = i32.shrU(i32.load(get(pair), FILTER + 4), get(bytes));
  const passes = i32.and(i32.and(behind, before), i32.const(1));
  return [
    set(bytes, i32.load(get(at), offset)),
    // The two bytes in the middle, times the size of an entry.
    set(pair, i32.and(i32.shrU(get(bytes), i32.const(5)), i32.const(0xffff * FILTER_ENTRY))),
    i32.store(get(list), i32.add(get(at), i32.const(offset))),
    set(list, i32.add(get(list), i32.shl(passes, i32.const(2)))),
  ];
}

/**
 * `verify(at, end, hits, hitsEnd) → at`: looks at the collected addresses and writes the hits; returns where in the list
 * it stopped for want of room. The end of the hits is stored at `RESULT`.
 */
export function emitVerify(module: ModuleBuilder): FunctionBuilder {
  const chain = emitChain(module);
  const func = module.func(["i32", "i32", "i32", "i32"], ["i32"]);
  const [at, end, hits, hitsEnd] = [0, 1, 2, 3];
  const [place, bytes, entry] = [func.local(), func.local(), func.local()];
  const [again, done] = [label("again"), label("done")];
  const hash = i32.shrU(i32.mul(get(bytes), i32.const(TRIPLE_FACTOR)), i32.const(32 - HASH_BITS));
  const follow = (heads: number): Code =>
    when(tee(entry, i32.load16(i32.shl(hash, i32.const(1)), heads)), [
      set(hits, call(chain.index, get(entry), get(place), i32.and(get(bytes), i32.const(0xff_ffff)), get(hits))),
    ]);
  func.body(
    block(
      done,
      loop(
        again,
        brIf(done, i32.geU(get(at), get(end))),
        brIf(done, i32.geU(get(hits), get(hitsEnd))),
        set(place, i32.load(get(at))),
        set(bytes, i32.or(i32.load(get(place)), i32.const(FOLD))),
        follow(HEADS),
        set(bytes, i32.shrU(get(bytes), i32.const(8))),
        follow(LATE_HEADS),
        set(at, i32.add(get(at), i32.const(4))),
        br(again),
      ),
    ),
    i32.store(i32.const(RESULT), get(hits)),
    get(at),
  );
  return func;
}

/** `chain(entry, place, group, hits) → hits`: compares the literals of all entries with this hash. */
function emitChain(module: ModuleBuilder): FunctionBuilder {
  const equal = emitEqual(module);
  const gate = emitGate(module);
  const func = module.func(["i32", "i32", "i32", "i32"], ["i32"]);
  const [number, place, group, hits] = [0, 1, 2, 3];
  const [entry, start] = [func.local(), func.local()];
  const again = label("again");
  const size = i32.const(ENTRY.size);
  const literal = i32.load16(get(entry), ENTRY.literal);
  const take = [
    when(call(gate.index, get(start), literal), [
      i32.store(get(hits), get(start)),
      i32.store(get(hits), literal, 4),
      set(hits, i32.add(get(hits), i32.const(HIT_BYTES))),
    ]),
  ];
  const compare = [
    set(start, i32.sub(get(place), i32.load16S(get(entry), ENTRY.back))),
    when(call(equal.index, get(start), i32.load(get(entry), ENTRY.text), i32.load16(get(entry), ENTRY.blocks)), take),
  ];
  func.body(
    loop(
      again,
      set(entry, i32.add(i32.mul(get(number), size), i32.const(ENTRIES))),
      when(i32.eq(i32.load(get(entry), ENTRY.group), get(group)), compare),
      brIf(again, tee(number, i32.load16(get(entry), ENTRY.next))),
    ),
    get(hits),
  );
  return func;
}

/** `equal(start, text, blocks) → 1` when the input at `start` is the text, in any case of its letters. */
function emitEqual(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32"], ["i32"]);
  const [start, text, blocks] = [0, 1, 2];
  const again = label("again");
  const folded = v128.or(v128.load(get(start)), v128.load(get(text)));
  const same = i32.eq(i8x16.bitmask(i8x16.eq(folded, v128.load(get(text), 16))), i32.const(0xffff));
  func.body(
    loop(
      again,
      when(i32.eqz(same), [ret(i32.const(0))]),
      set(start, i32.add(get(start), i32.const(16))),
      set(text, i32.add(get(text), i32.const(BLOCK_BYTES))),
      brIf(again, tee(blocks, i32.sub(get(blocks), i32.const(1)))),
    ),
    i32.const(1),
  );
  return func;
}
