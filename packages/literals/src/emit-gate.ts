import {
  br,
  brIf,
  type Code,
  call,
  type FunctionBuilder,
  get,
  i32,
  type Local,
  label,
  loop,
  type ModuleBuilder,
  ret,
  select,
  set,
  tee,
  when,
} from "@sluice/wasm";
import { AROUND, GATE, STATE, WALK } from "./layout.ts";

/** Bytes after which a text that still might match counts as one that does. */
const MAX_STEPS = 1024;
const NONE = i32.const(-1);

/**
 * `gate(start, literal) → 1` unless the automata of the literal say that nothing around it can match. What they do not
 * know yet counts.
 */
export function emitGate(module: ModuleBuilder): FunctionBuilder {
  const walk = emitWalk(module);
  const func = module.func(["i32", "i32"], ["i32"]);
  const [start, literal] = [0, 1];
  const [gate, end, from, stop] = [func.local(), func.local(), func.local(), func.local()];
  const around = (field: number): Code => i32.load(i32.const(field));
  const passes = (slot: number, at: Code, last: Code, step: number): Code =>
    when(i32.load(get(gate), slot), [
      when(call(walk.index, i32.add(get(gate), i32.const(slot)), at, last, i32.const(step)), [ret(i32.const(1))]),
    ]);
  const reached = i32.sub(get(end), i32.load(get(gate), GATE.reach));
  func.body(
    when(i32.eqz(tee(gate, around(AROUND.gates))), [ret(i32.const(1))]),
    set(gate, i32.add(get(gate), i32.mul(get(literal), i32.const(GATE.size)))),
    when(i32.eqz(tee(end, i32.load(get(gate), GATE.length))), [ret(i32.const(1))]),
    set(end, i32.add(get(start), get(end))),
    passes(GATE.ahead, get(end), around(AROUND.end), 1),
    // Back over the literal itself, since the walk starts behind it.
    passes(GATE.back, i32.add(get(end), NONE), i32.add(around(AROUND.start), NONE), -1),
    when(i32.load(get(gate), GATE.near), [
      set(from, select(reached, around(AROUND.start), i32.gtU(reached, around(AROUND.start)))),
      // Where a stop need not be an end, what is before it may belong to the same line.
      set(stop, select(NONE, around(AROUND.stop), around(AROUND.atStop))),
      set(from, lineStart({ at: get(start), bound: from, stop, place: func.local() })),
    ]),
    passes(GATE.near, get(from), around(AROUND.end), 1),
    i32.const(0),
  );
  return func;
}

interface Line {
  readonly at: Code;
  readonly bound: Local;
  readonly stop: Local;
  readonly place: Local;
}

/** The address behind the last stop before `at`, not before `bound`. */
function lineStart({ at, bound, stop, place }: Line): Code {
  const again = label("again");
  const before = i32.load8(i32.add(get(place), NONE));
  return [
    set(place, at),
    loop(
      again,
      when(i32.gtU(get(place), get(bound)), [
        when(i32.ne(before, get(stop)), [set(place, i32.add(get(place), NONE)), br(again)]),
      ]),
    ),
    get(place),
  ];
}

/** `walk(slot, at, last, step) → 1` when the automaton may arrive at a goal before `last`. */
function emitWalk(module: ModuleBuilder): FunctionBuilder {
  const func = module.func(["i32", "i32", "i32", "i32"], ["i32"]);
  const [slot, at, last, step] = [0, 1, 2, 3];
  const [table, classes, state, byte, left] = Array.from({ length: 5 }, () => func.local()) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const again = label("again");
  const column = i32.load8(i32.add(get(classes), get(byte)));
  const cell = i32.add(get(table), i32.shl(i32.add(get(state), column), i32.const(1)));
  const ends = when(i32.leU(get(state), i32.const(STATE.arrived)), [ret(i32.ne(get(state), i32.const(STATE.dead)))]);
  func.body(
    set(table, i32.load(get(slot), WALK.table)),
    set(classes, i32.load(get(slot), WALK.classes)),
    set(state, i32.load(get(slot), WALK.state)),
    set(left, i32.const(MAX_STEPS)),
    ends,
    loop(
      again,
      when(i32.eq(get(at), get(last)), [ret(i32.load(i32.const(AROUND.atStop)))]),
      when(i32.eq(tee(byte, i32.load8(get(at))), i32.load(i32.const(AROUND.stop))), [
        ret(i32.load(i32.const(AROUND.atStop))),
      ]),
      set(state, i32.load16(cell)),
      ends,
      set(at, i32.add(get(at), get(step))),
      brIf(again, tee(left, i32.add(get(left), NONE))),
    ),
    i32.const(1),
  );
  return func;
}
