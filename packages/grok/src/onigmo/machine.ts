import { foldText } from "./folding.ts";
import type { Instruction, Program } from "./program.ts";
import { before, foldedEnd, graphemeEnd, holds, width } from "./text.ts";

/** State of loops, groups and calls around the present place, innermost first. Never changed: going back is free. */
interface Frame {
  readonly parent: Frame | null;
  readonly depth: number;
  /** Address behind a call, or -1 for a loop or group. */
  readonly returnTo: number;
  /** Turns begun; where the group or the present turn began; how long the trail was then. */
  readonly count: number;
  readonly start: number;
  readonly mark: number;
  /** How many calls deep this is. */
  readonly level: number;
}

/** A place to go back to. `least` ≥ 0: a run of single characters that can give back down to there. */
interface Choice {
  readonly pc: number;
  readonly at: number;
  readonly frame: Frame | null;
  readonly trail: number;
  readonly least: number;
}

type Step<Op extends Instruction["op"]> = Extract<Instruction, { op: Op }>;

/** Offsets of the match and its groups, two a group as in `RegExp`'s `d` flag; -1 where a group took no part. */
export type Offsets = Int32Array;

const MAX_FRAMES = 20_000;
/** Places to go back to that may be open at once: about 300 MB. A search that needs more finds nothing. */
const MAX_CHOICES = 4_000_000;

/** Finds the first match, as Onigmo does: a backtracking machine with its rules. */
export function search(program: Program, text: string): Offsets | null {
  const machine = new Machine(program, text, 0);
  for (let at = 0; at <= text.length; at += width(text, at) || 1) {
    const found = machine.matchAt(at);
    if (found || machine.exhausted) return found;
  }
  return null;
}

/** Matches at one place only. */
export function matchAt(program: Program, text: string, at: number): Offsets | null {
  return new Machine(program, text, 0).matchAt(at);
}

class Machine {
  /** A limit was reached: further places would only reach it again. */
  exhausted = false;
  private readonly program: Program;
  private readonly text: string;
  private readonly searchStart: number;
  /** Two a group; behind them, where the expression asks for it, the same again for each level of calls. */
  private readonly slots: number[];
  private readonly choices: Choice[] = [];
  /** Slots that were written with what they held before, in pairs. */
  private readonly trail: number[] = [];
  /** Next instruction. */
  private pc = 0;
  private frame: Frame | null = null;

  constructor(program: Program, text: string, searchStart: number) {
    this.program = program;
    this.text = text;
    this.searchStart = searchStart;
    this.slots = Array.from({ length: 2 * (program.groups + 1) }, () => -1);
  }

  matchAt(at: number): Offsets | null {
    this.slots.length = 2 * (this.program.groups + 1);
    this.slots.fill(-1);
    this.choices.length = this.trail.length = 0;
    this.frame = null;
    const end = this.runWithinLimits(at);
    if (end < 0) return null;
    const result = Int32Array.from(this.slots.slice(0, 2 * (this.program.groups + 1)));
    result[0] = Math.min(result[0]! < 0 ? at : result[0]!, end);
    result[1] = end;
    return result;
  }

  private runWithinLimits(at: number): number {
    try {
      return this.run(0, at, -1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.exhausted = true;
      return -1;
    }
  }

  /** Runs the part at `pc` up to its `done`; its end, or -1. `mustEnd` ≥ 0: the only end that counts. */
  private run(pc: number, from: number, mustEnd: number): number {
    const [base, returnPc, frame] = [this.choices.length, this.pc, this.frame];
    this.pc = pc;
    let at = from;
    for (;;) {
      const step = this.program.code[this.pc++]!;
      if (step.op === "done" && (mustEnd < 0 || at === mustEnd)) break;
      at = this.execute(step, at);
      if (at < 0) at = this.back(base);
      if (at < 0) break;
    }
    this.choices.length = base;
    this.pc = returnPc;
    this.frame = frame;
    return at;
  }

  /** Does one instruction; the place behind it, or -1 when it fails. */
  private execute(step: Instruction, at: number): number {
    switch (step.op) {
      case "set":
        return at < this.text.length && step.test(this.text.codePointAt(at)!) ? at + width(this.text, at) : -1;
      case "run":
        return this.repeatSet(step, at);
      case "folded":
        return foldedEnd(this.text, step.text, at);
      case "assert":
        return holds(this.text, step.kind, at, step.ascii, this.searchStart) ? at : -1;
      case "grapheme":
        return graphemeEnd(this.text, at);
      case "keep":
        this.write(0, at);
        return at;
      case "backref":
        return this.backref(step, at);
      case "atomic":
      case "look":
      case "absent":
        return this.part(step, at);
      default:
        return this.flow(step, at);
    }
  }

  private flow(step: Instruction, at: number): number {
    switch (step.op) {
      case "jump":
        this.pc = step.to;
        return at;
      case "split":
        this.choose(step.other, at, this.frame);
        return at;
      case "condition":
        if (!step.groups.some((group) => this.slots[2 * group + 1]! >= 0)) this.pc = step.no;
        return at;
      case "open":
        return this.enter(-1, at) ? at : -1;
      case "close":
        this.close(step.group, at);
        return at;
      case "call":
        if (!this.enter(this.pc, -1)) return -1;
        this.pc = this.program.routines.get(step.group)!;
        return at;
      case "return":
        this.pc = this.frame!.returnTo;
        this.frame = this.frame!.parent;
        return at;
      default:
        return this.loop(step, at);
    }
  }

  private loop(step: Instruction, at: number): number {
    switch (step.op) {
      case "loop":
        return this.enter(-1, -1) ? at : -1;
      case "iterate":
        this.iterate(step, at);
        return at;
      case "again": {
        // A turn that matched nothing would match nothing for ever.
        const stuck = at === this.frame!.start && !this.progressed(this.frame!.mark);
        this.pc = stuck ? step.exit : step.iterate;
        return at;
      }
      case "leave":
        this.frame = this.frame!.parent;
        return at;
      default:
        return -1;
    }
  }

  private iterate(step: Step<"iterate">, at: number): void {
    const frame = this.frame!;
    const turn: Frame = { ...frame, count: frame.count + 1, start: at, mark: this.trail.length };
    if (frame.count >= step.max) this.pc = step.exit;
    else if (frame.count < step.min) this.frame = turn;
    else if (step.lazy) {
      this.choose(this.pc, at, turn);
      this.pc = step.exit;
    } else {
      this.choose(step.exit, at, frame);
      this.frame = turn;
    }
  }

  private enter(returnTo: number, start: number): boolean {
    const parent = this.frame;
    const depth = (parent?.depth ?? 0) + 1;
    const level = (parent?.level ?? 0) + (returnTo < 0 ? 0 : 1);
    this.frame = { parent, depth, returnTo, count: 0, start, mark: 0, level };
    return depth <= MAX_FRAMES;
  }

  private close(group: number, at: number): void {
    const { parent, start, level } = this.frame!;
    this.frame = parent;
    for (const base of this.program.levels ? [0, this.levelBase(level)] : [0]) {
      this.write(base + 2 * group, start);
      this.write(base + 2 * group + 1, at);
    }
  }

  private levelBase(level: number): number {
    return 2 * (this.program.groups + 1) * (level + 1);
  }

  private choose(pc: number, at: number, frame: Frame | null, least = -1): void {
    if (this.choices.length >= MAX_CHOICES || this.trail.length >= MAX_CHOICES) throw new RangeError("out of choices");
    this.choices.push({ pc, at, frame, trail: this.trail.length, least });
  }

  /** Goes back to the last choice of this part; its place, or -1 when there is none left. */
  private back(base: number): number {
    if (this.choices.length <= base) return -1;
    const choice = this.choices.pop()!;
    this.undo(choice.trail);
    if (choice.least >= 0 && choice.at > choice.least) {
      this.choices.push({ ...choice, at: before(this.text, choice.at) });
    }
    this.pc = choice.pc;
    this.frame = choice.frame;
    return choice.at;
  }

  private undo(length: number): void {
    while (this.trail.length > length) {
      const old = this.trail.pop()!;
      this.slots[this.trail.pop()!] = old;
    }
  }

  private write(slot: number, value: number): void {
    this.trail.push(slot, this.slots[slot] ?? -1);
    this.slots[slot] = value;
  }

  /** Whether a group changed since the trail was that long, where the expression can tell the difference. */
  private progressed(mark: number): boolean {
    if (!this.program.watchGroups) return false;
    const oldest = new Map<number, number>();
    for (let i = mark; i < this.trail.length; i += 2) {
      if (!oldest.has(this.trail[i]!)) oldest.set(this.trail[i]!, this.trail[i + 1]!);
    }
    return [...oldest].some(([slot, old]) => this.slots[slot] !== old);
  }

  private repeatSet(step: Step<"run">, at: number): number {
    let end = at;
    let least = step.min === 0 ? at : -1;
    for (let count = 0; count < step.max; ) {
      const size = width(this.text, end);
      if (size === 0 || !step.test(this.text.codePointAt(end)!)) break;
      end += size;
      if (++count === step.min) least = end;
    }
    if (least < 0) return -1;
    if (end > least) this.choose(this.pc, before(this.text, end), this.frame, least);
    return end;
  }

  /** Of several groups of one name, the last in the expression that matches counts. */
  private backref(step: Step<"backref">, at: number): number {
    const base = step.level === undefined ? 0 : this.levelBase((this.frame?.level ?? 0) + step.level);
    for (const group of step.groups.toReversed()) {
      const start = this.slots[base + 2 * group] ?? -1;
      if (start < 0) continue;
      const wanted = this.text.slice(start, this.slots[base + 2 * group + 1]);
      if (this.text.startsWith(wanted, at)) return at + wanted.length;
      const folded = step.fold ? foldedEnd(this.text, foldText(wanted), at) : -1;
      if (folded >= 0) return folded;
    }
    return -1;
  }

  /** Runs a part that is not gone back into. */
  private part(step: Step<"atomic" | "look" | "absent">, at: number): number {
    const start = this.pc;
    this.pc = step.next;
    if (step.op === "atomic") return this.run(start, at, -1);
    if (step.op === "absent") return this.absent(start, at);
    const mark = this.trail.length;
    const found = step.behind ? this.behind(start, at) : this.run(start, at, -1) >= 0;
    if (step.negate || !found) this.undo(mark);
    return found === step.negate ? -1 : at;
  }

  private behind(pc: number, at: number): boolean {
    for (let start = at; start >= 0; start = before(this.text, start)) {
      if (this.run(pc, start, at) >= 0) return true;
    }
    return false;
  }

  /** `(?~x)`: the longest stretch in which x does not match, then shorter ones; found in Onigmo's own way. */
  private absent(pc: number, start: number): number {
    const mark = this.trail.length;
    const points: number[] = [];
    let limit = this.text.length;
    for (let at = start; at <= this.text.length; at += width(this.text, at) || 1) {
      if (at > start && at >= limit) {
        if (at === limit) points.push(at);
        break;
      }
      points.push(at);
      const end = this.run(pc, at, -1);
      this.undo(mark);
      if (end >= 0) limit = Math.min(limit, before(this.text, end));
      if (limit < start) return -1;
    }
    for (const point of points.slice(0, -1)) this.choose(this.pc, point, this.frame);
    return points.at(-1)!;
  }
}
