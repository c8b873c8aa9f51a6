import {
  block,
  br,
  brIf,
  type Code,
  call,
  type FunctionBuilder,
  get,
  i32,
  i64,
  type Local,
  label,
  loop,
  ret,
  set,
} from "@sluice/wasm";
import { EMPTY, type Node, startsIn } from "../regex/ast.ts";
import { Unplannable } from "../regex/cursor.ts";
import { byteSet, chain, isBlind, lookahead, type Rest, type Single } from "../regex/first.ts";
import { WORD_BYTES } from "../regex/parse-class.ts";
import { areRivals, mayBothBegin } from "../regex/rivals.ts";
import { isMember } from "./classes.ts";
import { slot } from "./layout.ts";
import { MatchCursor, type Scope } from "./match-cursor.ts";
import { greedyRun, lazyRun } from "./runs.ts";

/**
 * What the match function calls for a pattern that has matched: `(start, end, out) → new out, or 0 to bail`. Null where
 * such lines are for the plain path.
 */
export type AcceptFunction = (pattern: number) => number | null;

/** Parameter of a branch's function that says where in the line it begins. */
const BRANCH_AT: Local = 3;
/** Lists of at least so many branches become a function each. */
const BRANCHES_WORTH_FUNCTIONS = 4;

/**
 * Generates `match(start, end, out)`, which follows the first way that a backtracking matcher would find through the
 * patterns, and returns 0 wherever that matcher would go back to a choice of which it is not certain that it leads
 * nowhere.
 */
export class MatchEmitter {
  readonly #cursor: MatchCursor;
  readonly #accept: AcceptFunction;
  readonly #branchFunction: () => FunctionBuilder;
  readonly #out: Local = 2;

  /** @param branchFunction makes a function `(start, end, out, at) → new out` for a branch of the patterns */
  constructor(func: FunctionBuilder, accept: AcceptFunction, branchFunction: () => FunctionBuilder) {
    this.#cursor = new MatchCursor(func);
    this.#accept = accept;
    this.#branchFunction = branchFunction;
  }

  emit(tree: Node, groups: number): void {
    const clear = Array.from({ length: groups }, (_, i) => clearSlot(i + 1));
    const body = this.#node(tree, null, { fail: this.#cursor.bail, pending: false });
    this.#cursor.func.body(
      ...clear,
      set(this.#cursor.at, get(this.#cursor.start)),
      block(this.#cursor.bail, body),
      i32.const(0),
    );
  }

  /**
   * Generates a branch of the patterns as a function of its own, which returns -1 where it certainly does not match: an
   * optimizing compiler takes much more memory for one large function than for many small ones.
   */
  #branch(option: Node, scope: Scope): Code {
    const func = this.#branchFunction();
    const emitter = new MatchEmitter(func, this.#accept, this.#branchFunction);
    const cursor = emitter.#cursor;
    const failed = label("failed");
    const inner: Scope = { fail: failed, pending: scope.pending };
    const body = emitter.#node(option, null, inner);
    scope.pending = inner.pending;
    func.body(
      set(cursor.at, get(BRANCH_AT)),
      block(cursor.bail, block(failed, body), ret(i32.const(-1))),
      i32.const(0),
    );
    const { start, end, at } = this.#cursor;
    const result = this.#cursor.func.local();
    return [
      set(result, call(func.index, get(start), get(end), get(this.#out), get(at))),
      brIf(scope.fail, i32.eq(get(result), i32.const(-1))),
      ret(get(result)),
    ];
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
        return i32.store(i32.const(slot(node.index)), get(this.#cursor.at), node.edge === "start" ? 0 : 4);
      case "atomic":
        return this.#node(node.body, null, { ...scope });
      case "boundary":
        return this.#boundary(node.negated, scope);
      case "end":
        return brIf(this.#cursor.failure(scope), i32.ne(get(this.#cursor.at), get(this.#cursor.end)));
      case "accept":
        return this.#matched(this.#accept(node.pattern));
      default:
        throw new Error("groups are marks by now");
    }
  }

  #matched(encode: number | null): Code {
    if (encode === null) return br(this.#cursor.bail);
    return ret(call(encode, get(this.#cursor.start), get(this.#cursor.end), get(this.#out)));
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
    return [this.#cursor.demand(singles, this.#cursor.failure(scope)), this.#cursor.advance(singles.length)];
  }

  #boundary(negated: boolean, scope: Scope): Code {
    const before = this.#cursor.func.local();
    const after = this.#cursor.byte;
    return [
      set(before, i32.load8(i32.sub(get(this.#cursor.at), i32.const(1)))),
      set(after, i32.load8(get(this.#cursor.at))),
      brIf(
        this.#cursor.failure(scope),
        i32.eq(i32.xor(isMember(before, WORD_BYTES), isMember(after, WORD_BYTES)), i32.const(negated ? 1 : 0)),
      ),
    ];
  }

  #choice(options: readonly Node[], rest: Rest | null, scope: Scope, isList: boolean): Code {
    const done = label("done");
    const saved = this.#cursor.func.local();
    const look = lookahead(rest);
    const code: Code[] = [];
    const outlined = isList && rest === null && options.length >= BRANCHES_WORTH_FUNCTIONS;
    let pending = false;
    options.forEach((option, i) => {
      const isLast = i === options.length - 1;
      const next = label("next");
      const inner: Scope = isLast ? { ...scope } : { fail: next, pending: isList && scope.pending };
      const body = outlined ? this.#branch(option, inner) : this.#node(option, rest, inner);
      if (isLast) code.push(body);
      else {
        const after = isBlind(look) ? [] : this.#cursor.look(look, this.#cursor.failure(inner));
        code.push(
          block(next, body, after, br(done)),
          set(this.#cursor.at, get(saved)),
          startsIn(option).map(clearSlot),
        );
      }
      pending ||= inner.pending || options.slice(i + 1).some((later) => areRivals(option, later, rest));
    });
    scope.pending ||= pending;
    return [set(saved, get(this.#cursor.at)), block(done, code)];
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
      return lazyRun(this.#cursor, members, min, rest, scope);
    }
    return members === null ? this.#turns(node, rest, scope) : greedyRun(this.#cursor, members, min, max, rest, scope);
  }

  /** A greedy repeat of something longer than a character. */
  #turns(node: Extract<Node, { kind: "repeat" }>, rest: Rest | null, scope: Scope): Code {
    const { body, min, max } = node;
    const [count, saved] = [this.#cursor.func.local(), this.#cursor.func.local()];
    const [out, again, over] = [label("out"), label("turn"), label("over")];
    const counted = min > 0 || max !== Infinity;
    const inner: Scope = { fail: over, pending: false };
    const more: Rest = { node: { ...node, min: 0, max: Infinity }, next: rest };
    const turn = [
      set(saved, get(this.#cursor.at)),
      block(
        over,
        this.#node(body, more, inner),
        counted ? set(count, i32.add(get(count), i32.const(1))) : [],
        max === Infinity ? br(again) : [brIf(again, i32.ltU(get(count), i32.const(max))), br(out)],
      ),
      set(this.#cursor.at, get(saved)),
    ];
    const failure = inner.pending ? this.#cursor.bail : this.#cursor.failure(scope);
    const enough = min > 0 ? brIf(failure, i32.ltU(get(count), i32.const(min))) : [];
    if (min !== max) scope.pending ||= mayBothBegin({ node: body, next: more }, rest);
    scope.pending ||= inner.pending;
    return [counted ? set(count, i32.const(0)) : [], block(out, loop(again, turn)), enough];
  }
}

function clearSlot(index: number): Code {
  return i64.store(i32.const(slot(index)), i64.const(0));
}
