import { EMPTY, type Node, startsIn } from "../regex/ast.ts";
import { type ByteSet, intersects, isEmpty, minus } from "../regex/byte-set.ts";
import { Unplannable } from "../regex/cursor.ts";
import {
  byteSet,
  chain,
  type First,
  firstOf,
  isBlind,
  type Lookahead,
  lookahead,
  type Rest,
  type Single,
} from "../regex/first.ts";
import { WORD_BYTES } from "../regex/parse-class.ts";
import { areRivals, mayBothBegin } from "../regex/rivals.ts";
import type { FunctionBuilder } from "../wasm/assembler.ts";
import { block, br, brIf, type Code, type Label, label, loop } from "../wasm/code.ts";
import { call, get, i32, i64, type Local, ret, select, set } from "../wasm/ops.ts";
import { demandMember, isMember, type ScanLocals, scanRun } from "./classes.ts";
import { slot } from "./layout.ts";

/**
 * Where a failure leads. `pending`: an earlier choice could still be taken back by a backtracking matcher, so a failure
 * proves nothing and the line goes the plain way.
 */
interface Scope {
  readonly fail: Label;
  pending: boolean;
}

/** What the match function calls for a pattern that has matched: `(start, end, out) → new out, or 0 to bail`. */
export type AcceptFunction = (pattern: number) => number;

/**
 * Generates `match(start, end, out)`, which follows the first way that a backtracking matcher would find through the
 * patterns, and returns 0 wherever that matcher would go back to a choice of which it is not certain that it leads
 * nowhere.
 */
export class MatchEmitter {
  readonly #func: FunctionBuilder;
  readonly #accept: AcceptFunction;
  readonly #start: Local = 0;
  readonly #end: Local = 1;
  readonly #out: Local = 2;
  readonly #at: Local;
  readonly #byte: Local;
  readonly #scan: ScanLocals;
  readonly #bail = label("bail");

  constructor(func: FunctionBuilder, accept: AcceptFunction) {
    this.#func = func;
    this.#accept = accept;
    this.#at = func.local();
    this.#byte = func.local();
    this.#scan = { vector: func.local("v128"), mask: func.local() };
  }

  emit(tree: Node, groups: number): void {
    const clear = Array.from({ length: groups }, (_, i) => clearSlot(i + 1));
    const body = this.#node(tree, null, { fail: this.#bail, pending: false });
    this.#func.body(...clear, set(this.#at, get(this.#start)), block(this.#bail, body), i32.const(0));
  }

  #node(node: Node, rest: Rest | null, scope: Scope): Code {
    switch (node.kind) {
      case "byte":
      case "class":
        return this.#singles([node], scope);
      case "seq":
        return this.#sequence(node.items, rest, scope);
      case "alt":
        return this.#choice(node.options, rest, scope, false);
      case "list":
        return this.#choice(node.options, rest, scope, true);
      case "repeat":
        return this.#repeat(node, rest, scope);
      case "mark":
        return i32.store(i32.const(slot(node.index)), get(this.#at), node.edge === "start" ? 0 : 4);
      case "atomic":
        return this.#node(node.body, null, { ...scope });
      case "boundary":
        return this.#boundary(node.negated, scope);
      case "end":
        return brIf(this.#failure(scope), i32.ne(get(this.#at), get(this.#end)));
      case "accept":
        return ret(call(this.#accept(node.pattern), get(this.#start), get(this.#end), get(this.#out)));
      default:
        throw new Error("groups are marks by now");
    }
  }

  #failure(scope: Scope): Label {
    return scope.pending ? this.#bail : scope.fail;
  }

  #advance(bytes: number): Code {
    return set(this.#at, i32.add(get(this.#at), i32.const(bytes)));
  }

  #sequence(items: readonly Node[], rest: Rest | null, scope: Scope): Code {
    const code: Code[] = [];
    for (let i = 0; i < items.length; ) {
      const singles: Single[] = [];
      for (; i < items.length; i++) {
        const item = items[i] as Node;
        if (item.kind !== "byte" && item.kind !== "class") break;
        singles.push(item);
      }
      if (singles.length > 0) code.push(this.#singles(singles, scope));
      else {
        code.push(this.#node(items[i] as Node, chain(items.slice(i + 1), rest), scope));
        i++;
      }
    }
    return code;
  }

  #singles(singles: readonly Single[], scope: Scope): Code {
    return [this.#demand(singles, this.#failure(scope)), this.#advance(singles.length)];
  }

  /** Leaves for `fail` unless these characters come; bytes next to each other are compared as words. */
  #demand(singles: readonly Single[], fail: Label): Code {
    const code: Code[] = [];
    for (let i = 0; i < singles.length; ) {
      const single = singles[i] as Single;
      if (single.kind === "class") {
        code.push(demandMember(single.set, this.#at, i, this.#byte, fail));
        i++;
        continue;
      }
      let count = 1;
      while (count < 8 && singles[i + count]?.kind === "byte") count++;
      const size = count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
      const bytes = singles.slice(i, i + size).map((item) => (item.kind === "byte" ? item.byte : 0));
      code.push(brIf(fail, differs(this.#at, i, bytes)));
      i += size;
    }
    return code;
  }

  /** Leaves for `fail` unless what must come next does. */
  #look({ singles, tail }: Lookahead, fail: Label): Code {
    return [this.#demand(singles, fail), tail.any ? [] : this.#lookTail(tail, singles.length, fail)];
  }

  #lookTail(tail: First, offset: number, fail: Label): Code {
    const ended = i32.eq(i32.add(get(this.#at), i32.const(offset)), get(this.#end));
    const member = [set(this.#byte, i32.load8(get(this.#at), offset)), isMember(this.#byte, tail.set)];
    return brIf(fail, i32.eqz(tail.end ? [member, ended, 0x72] : member));
  }

  #boundary(negated: boolean, scope: Scope): Code {
    const before = this.#func.local();
    const after = this.#byte;
    return [
      set(before, i32.load8(i32.sub(get(this.#at), i32.const(1)))),
      set(after, i32.load8(get(this.#at))),
      brIf(
        this.#failure(scope),
        i32.eq(i32.xor(isMember(before, WORD_BYTES), isMember(after, WORD_BYTES)), i32.const(negated ? 1 : 0)),
      ),
    ];
  }

  #choice(options: readonly Node[], rest: Rest | null, scope: Scope, isList: boolean): Code {
    const done = label("done");
    const saved = this.#func.local();
    const look = lookahead(rest);
    const code: Code[] = [];
    let pending = false;
    options.forEach((option, i) => {
      const isLast = i === options.length - 1;
      const next = label("next");
      const inner: Scope = isLast ? { ...scope } : { fail: next, pending: isList && scope.pending };
      const body = this.#node(option, rest, inner);
      if (isLast) code.push(body);
      else {
        const after = isBlind(look) ? [] : this.#look(look, this.#failure(inner));
        code.push(block(next, body, after, br(done)), set(this.#at, get(saved)), startsIn(option).map(clearSlot));
      }
      pending ||= inner.pending || options.slice(i + 1).some((later) => areRivals(option, later, rest));
    });
    scope.pending ||= pending;
    return [set(saved, get(this.#at)), block(done, code)];
  }

  #repeat(node: Extract<Node, { kind: "repeat" }>, rest: Rest | null, scope: Scope): Code {
    const { body, min, max, greed } = node;
    if (greed === "possessive") return this.#repeat({ ...node, greed: "greedy" }, null, { ...scope });
    if (min === 0 && max === 1) {
      return this.#choice(greed === "lazy" ? [EMPTY, body] : [body, EMPTY], rest, scope, false);
    }
    const members = body.kind === "class" ? body.set : body.kind === "byte" ? byteSet(body.byte) : null;
    if (greed === "lazy") {
      if (members === null || max !== Infinity) throw new Unplannable("lazy repeat of more than a character class");
      return this.#lazyRun(members, min, rest, scope);
    }
    return members === null ? this.#turns(node, rest, scope) : this.#greedyRun(members, min, max, rest, scope);
  }

  #greedyRun(members: ByteSet, min: number, max: number, rest: Rest | null, scope: Scope): Code {
    const from = this.#func.local();
    const first = firstOf(rest);
    const failure = this.#failure(scope);
    const code: Code[] = [set(from, get(this.#at)), scanRun(members, this.#at, this.#end, this.#scan)];
    if (max !== Infinity) code.push(this.#limit(i32.add(get(from), i32.const(max))));
    if (min === 1) code.push(brIf(failure, i32.eq(get(this.#at), get(from))));
    if (min > 1) code.push(brIf(failure, i32.ltU(i32.sub(get(this.#at), get(from)), i32.const(min))));
    const mayGiveBack = min !== max && (first.any || intersects(members, first.set));
    if (mayGiveBack && !first.any) code.push(this.#stepBack(from, min, first, rest, failure));
    if (mayGiveBack) scope.pending = true;
    return code;
  }

  #limit(bound: Code): Code {
    const limit = this.#func.local();
    return [set(limit, bound), set(this.#at, select(get(limit), get(this.#at), i32.gtU(get(this.#at), get(limit))))];
  }

  /** Gives back members until what must follow does. */
  #stepBack(from: Local, min: number, first: First, rest: Rest | null, failure: Label): Code {
    const done = label("found");
    const again = label("back");
    const miss = label("miss");
    const step = [
      block(miss, this.#look(lookahead(rest), miss), br(done)),
      brIf(failure, i32.leU(get(this.#at), i32.add(get(from), i32.const(min)))),
      this.#advance(-1),
      first.set.high ? this.#demandAscii() : [],
      br(again),
    ];
    return block(done, loop(again, step));
  }

  /** Bails at a byte beyond ASCII: in front of it or behind it may be the middle of a character. */
  #demandAscii(): Code {
    return brIf(this.#bail, i32.geU(i32.load8(get(this.#at)), i32.const(0x80)));
  }

  #lazyRun(members: ByteSet, min: number, rest: Rest | null, scope: Scope): Code {
    const failure = this.#failure(scope);
    const first = firstOf(rest);
    const look = lookahead(rest);
    const one = [
      members.high ? this.#demandAscii() : [],
      demandMember(members, this.#at, 0, this.#byte, failure),
      this.#advance(1),
    ];
    const head = Array.from({ length: min }, () => one);
    scope.pending ||= first.any || intersects(members, first.set);
    if (isBlind(look)) return head;
    const skipped = minus(members, first.set);
    const done = label("found");
    const again = label("on");
    const miss = label("miss");
    const step = [
      isEmpty(skipped) ? [] : scanRun(skipped, this.#at, this.#end, this.#scan),
      block(miss, this.#look(look, miss), br(done)),
      one,
      br(again),
    ];
    return [head, block(done, loop(again, step))];
  }

  /** A greedy repeat of something longer than a character. */
  #turns(node: Extract<Node, { kind: "repeat" }>, rest: Rest | null, scope: Scope): Code {
    const { body, min, max } = node;
    const [count, saved] = [this.#func.local(), this.#func.local()];
    const [out, again, over] = [label("out"), label("turn"), label("over")];
    const counted = min > 0 || max !== Infinity;
    const inner: Scope = { fail: over, pending: false };
    const more: Rest = { node: { ...node, min: 0, max: Infinity }, next: rest };
    const turn = [
      set(saved, get(this.#at)),
      block(
        over,
        this.#node(body, more, inner),
        counted ? set(count, i32.add(get(count), i32.const(1))) : [],
        max === Infinity ? br(again) : [brIf(again, i32.ltU(get(count), i32.const(max))), br(out)],
      ),
      set(this.#at, get(saved)),
    ];
    const failure = inner.pending ? this.#bail : this.#failure(scope);
    const enough = min > 0 ? brIf(failure, i32.ltU(get(count), i32.const(min))) : [];
    if (min !== max) scope.pending ||= mayBothBegin({ node: body, next: more }, rest);
    scope.pending ||= inner.pending;
    return [counted ? set(count, i32.const(0)) : [], block(out, loop(again, turn)), enough];
  }
}

function clearSlot(index: number): Code {
  return i64.store(i32.const(slot(index)), i64.const(0));
}

/** Not zero when the bytes at `at + offset` are others; at most 8. */
function differs(at: Local, offset: number, bytes: readonly number[]): Code {
  const value = bytes.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);
  if (bytes.length === 8) return i64.ne(i64.load(get(at), offset), i64.const(value));
  const loads = { 1: i32.load8, 2: i32.load16, 4: i32.load } as const;
  return i32.ne(loads[bytes.length as 1 | 2 | 4](get(at), offset), i32.const(Number(value)));
}
