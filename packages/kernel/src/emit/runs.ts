import { block, br, brIf, type Code, get, i32, type Label, type Local, label, loop, select, set } from "@sluice/wasm";
import { type ByteSet, intersects, isEmpty, minus } from "../regex/byte-set.ts";
import { type First, firstOf, isBlind, lookahead, type Rest } from "../regex/first.ts";
import { demandMember, scanRun } from "./classes.ts";
import type { MatchCursor, Scope } from "./match-cursor.ts";

/** As many members as there are, and then as many fewer as it takes for what follows. */
export function greedyRun(
  cursor: MatchCursor,
  members: ByteSet,
  min: number,
  max: number,
  rest: Rest | null,
  scope: Scope,
): Code {
  const from = cursor.func.local();
  const first = firstOf(rest);
  const failure = cursor.failure(scope);
  const code: Code[] = [set(from, get(cursor.at)), scanRun(members, cursor.at, cursor.end, cursor.scan)];
  if (max !== Infinity) code.push(limit(cursor, i32.add(get(from), i32.const(max))));
  if (min === 1) code.push(brIf(failure, i32.eq(get(cursor.at), get(from))));
  if (min > 1) code.push(brIf(failure, i32.ltU(i32.sub(get(cursor.at), get(from)), i32.const(min))));
  const mayGiveBack = min !== max && (first.any || intersects(members, first.set));
  if (mayGiveBack && !first.any) code.push(stepBack(cursor, from, min, first, rest, failure));
  if (mayGiveBack) scope.pending = true;
  return code;
}

function limit(cursor: MatchCursor, bound: Code): Code {
  const limit = cursor.func.local();
  return [set(limit, bound), set(cursor.at, select(get(limit), get(cursor.at), i32.gtU(get(cursor.at), get(limit))))];
}

/** Gives back members until what must follow does. */
function stepBack(
  cursor: MatchCursor,
  from: Local,
  min: number,
  first: First,
  rest: Rest | null,
  failure: Label,
): Code {
  const done = label("found");
  const again = label("back");
  const miss = label("miss");
  const step = [
    block(miss, cursor.look(lookahead(rest), miss), br(done)),
    brIf(failure, i32.leU(get(cursor.at), i32.add(get(from), i32.const(min)))),
    cursor.advance(-1),
    first.set.high ? cursor.demandAscii() : [],
    br(again),
  ];
  return block(done, loop(again, step));
}

/** As few members as it takes for what follows. */
export function lazyRun(cursor: MatchCursor, members: ByteSet, min: number, rest: Rest | null, scope: Scope): Code {
  const failure = cursor.failure(scope);
  const first = firstOf(rest);
  const look = lookahead(rest);
  const one = [
    members.high ? cursor.demandAscii() : [],
    demandMember(members, cursor.at, 0, cursor.byte, failure),
    cursor.advance(1),
  ];
  const head = Array.from({ length: min }, () => one);
  scope.pending ||= first.any || intersects(members, first.set);
  if (isBlind(look)) return head;
  const skipped = minus(members, first.set);
  const done = label("found");
  const again = label("on");
  const miss = label("miss");
  const step = [
    isEmpty(skipped) ? [] : scanRun(skipped, cursor.at, cursor.end, cursor.scan),
    block(miss, cursor.look(look, miss), br(done)),
    one,
    br(again),
  ];
  return [head, block(done, loop(again, step))];
}
