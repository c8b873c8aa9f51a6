import { brIf, type Code, type FunctionBuilder, get, i32, i64, type Label, type Local, label, set } from "@sluice/wasm";
import type { First, Lookahead, Single } from "../regex/first.ts";
import { demandMember, isMember, type ScanLocals } from "./classes.ts";

/**
 * Where a failure leads. `pending`: an earlier choice could still be taken back by a backtracking matcher, so a failure
 * proves nothing and the line goes the plain way.
 */
export interface Scope {
  readonly fail: Label;
  pending: boolean;
}

/** The cursor of the match function, and the code that moves and checks it. */
export class MatchCursor {
  readonly func: FunctionBuilder;
  /** Start and end of the line. */
  readonly start: Local = 0;
  readonly end: Local = 1;
  readonly at: Local;
  readonly byte: Local;
  readonly scan: ScanLocals;
  /** Where the line is given up. */
  readonly bail = label("bail");

  constructor(func: FunctionBuilder) {
    this.func = func;
    this.at = func.local();
    this.byte = func.local();
    this.scan = { vector: func.local("v128"), mask: func.local() };
  }

  failure(scope: Scope): Label {
    return scope.pending ? this.bail : scope.fail;
  }

  advance(bytes: number): Code {
    return set(this.at, i32.add(get(this.at), i32.const(bytes)));
  }

  /** Bails at a byte beyond ASCII: in front of it or behind it may be the middle of a character. */
  demandAscii(): Code {
    return brIf(this.bail, i32.geU(i32.load8(get(this.at)), i32.const(0x80)));
  }

  /** Leaves for `fail` unless these characters come; bytes next to each other are compared as words. */
  demand(singles: readonly Single[], fail: Label): Code {
    const code: Code[] = [];
    for (let i = 0; i < singles.length; ) {
      const single = singles[i] as Single;
      if (single.kind === "class") {
        code.push(demandMember(single.set, this.at, i, this.byte, fail));
        i++;
        continue;
      }
      let count = 1;
      while (count < 8 && singles[i + count]?.kind === "byte") count++;
      const size = count >= 8 ? 8 : count >= 4 ? 4 : count >= 2 ? 2 : 1;
      const bytes = singles.slice(i, i + size).map((item) => (item.kind === "byte" ? item.byte : 0));
      code.push(brIf(fail, differs(this.at, i, bytes)));
      i += size;
    }
    return code;
  }

  /** Leaves for `fail` unless what must come next does. */
  look({ singles, tail }: Lookahead, fail: Label): Code {
    return [this.demand(singles, fail), tail.any ? [] : this.#lookTail(tail, singles.length, fail)];
  }

  #lookTail(tail: First, offset: number, fail: Label): Code {
    const ended = i32.eq(i32.add(get(this.at), i32.const(offset)), get(this.end));
    const member = [set(this.byte, i32.load8(get(this.at), offset)), isMember(this.byte, tail.set)];
    return brIf(fail, i32.eqz(tail.end ? [member, ended, 0x72] : member));
  }
}

/** Not zero when the bytes at `at + offset` are others; at most 8. */
function differs(at: Local, offset: number, bytes: readonly number[]): Code {
  const value = bytes.reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);
  if (bytes.length === 8) return i64.ne(i64.load(get(at), offset), i64.const(value));
  const loads = { 1: i32.load8, 2: i32.load16, 4: i32.load } as const;
  return i32.ne(loads[bytes.length as 1 | 2 | 4](get(at), offset), i32.const(Number(value)));
}
