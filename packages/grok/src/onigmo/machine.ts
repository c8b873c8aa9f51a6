import { foldCode, foldText } from "./folding.ts";
import type { Instruction, Program } from "./program.ts";
import { posixSet } from "./properties.ts";
import type { AssertKind } from "./syntax.ts";

/** State of loops and calls around the present place, innermost first. Never changed, so that going back is free. */
interface Frame {
  readonly parent: Frame | null;
  readonly depth: number;
  /** Address behind a call, or -1 for a loop. */
  readonly returnTo: number;
  /** Turns begun, where the present one began, and how long the trail was then. */
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

/** Offsets of the match and its groups, two a group as in `RegExp`'s `d` flag; -1 where a group took no part. */
export type Offsets = Int32Array;

const MAX_FRAMES = 20_000;
/** Places to go back to that may be open at once: about 300 MB. A search that needs more finds nothing. */
const MAX_CHOICES = 4_000_000;
const unicodeWord = posixSet("word", false)!;
const asciiWord = posixSet("word", true)!;

/** Searches from `from` on, as Onigmo does. */
export function search(program: Program, text: string): Offsets | null {
  const run = new Run(program, text, 0);
  for (let at = 0; at <= text.length; at += width(text, at) || 1) {
    const found = run.matchAt(at);
    if (found) return found;
  }
  return null;
}

/** Matches at one place only. */
export function matchAt(program: Program, text: string, at: number): Offsets | null {
  return new Run(program, text, at).matchAt(at);
}

function nested(parent: Frame | null, returnTo: number, start: number): Frame {
  const level = (parent?.level ?? 0) + (returnTo < 0 ? 0 : 1);
  return { parent, depth: (parent?.depth ?? 0) + 1, returnTo, count: 0, start, mark: 0, level };
}

function width(text: string, at: number): number {
  if (at >= text.length) return 0;
  return text.codePointAt(at)! > 0xffff ? 2 : 1;
}

function before(text: string, at: number): number {
  const low = at > 1 ? text.charCodeAt(at - 1) : 0;
  const high = low >= 0xdc00 && low <= 0xdfff ? text.charCodeAt(at - 2) : 0;
  return high >= 0xd800 && high <= 0xdbff ? at - 2 : at - 1;
}

class Run {
  private readonly program: Program;
  private readonly text: string;
  private readonly searchStart: number;
  /** Two a group; behind them, where the expression asks for it, the same again for each level of calls. */
  private readonly slots: number[];
  private readonly choices: Choice[] = [];
  /** Slots that were written with what they held before, in pairs. */
  private readonly trail: number[] = [];

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
    const end = this.runWithin(at);
    if (end < 0) return null;
    const result = Int32Array.from(this.slots.slice(0, 2 * (this.program.groups + 1)));
    result[0] = Math.min(result[0]! < 0 ? at : result[0]!, end);
    result[1] = end;
    return result;
  }

  private runWithin(at: number): number {
    try {
      return this.run(0, at, null, -1);
    } catch (error) {
      if (error instanceof RangeError) return -1;
      throw error;
    }
  }

  /** Runs up to the `done` of this part; the end, or -1. `mustEnd` ≥ 0: the only end that counts. */
  private run(startPc: number, startAt: number, startFrame: Frame | null, mustEnd: number): number {
    const base = this.choices.length;
    let pc = startPc;
    let at = startAt;
    let frame = startFrame;
    for (;;) {
      const step = this.program.code[pc]!;
      let next = -1;
      switch (step.op) {
        case "done":
          if (mustEnd < 0 || at === mustEnd) {
            this.choices.length = base;
            return at;
          }
          break;
        case "jump":
          next = at;
          pc = step.to - 1;
          break;
        case "split":
          this.choose(step.other, at, frame);
          next = at;
          break;
        case "loop":
          frame = nested(frame, -1, -1);
          if (frame.depth <= MAX_FRAMES) next = at;
          break;
        case "open":
          frame = nested(frame, -1, at);
          if (frame.depth <= MAX_FRAMES) next = at;
          break;
        case "close":
          this.close(step.group, frame!, at);
          frame = frame!.parent;
          next = at;
          break;
        case "iterate": {
          const count = frame!.count;
          const turn: Frame = { ...frame!, count: count + 1, start: at, mark: this.trail.length };
          next = at;
          if (count >= step.max) pc = step.exit - 1;
          else if (count < step.min) frame = turn;
          else if (step.lazy) {
            this.choose(pc + 1, at, turn);
            pc = step.exit - 1;
          } else {
            this.choose(step.exit, at, frame);
            frame = turn;
          }
          break;
        }
        case "again":
          next = at;
          pc = (at === frame!.start && !this.progressed(frame!.mark) ? step.exit : step.iterate) - 1;
          break;
        case "leave":
          frame = frame!.parent;
          next = at;
          break;
        case "call":
          frame = nested(frame, pc + 1, -1);
          if (frame.depth <= MAX_FRAMES) next = at;
          pc = this.program.routines.get(step.group)! - 1;
          break;
        case "return":
          next = at;
          pc = frame!.returnTo - 1;
          frame = frame!.parent;
          break;
        case "condition":
          next = at;
          if (!step.groups.some((group) => this.slots[2 * group + 1]! >= 0)) pc = step.no - 1;
          break;
        case "run":
          next = this.repeatSet(step, pc, at, frame);
          break;
        case "atomic":
          next = this.run(pc + 1, at, frame, -1);
          pc = step.next - 1;
          break;
        case "look":
          next = this.look(step, pc + 1, at, frame);
          pc = step.next - 1;
          break;
        case "absent":
          next = this.absent(pc + 1, step.next, at, frame);
          pc = step.next - 1;
          break;
        case "backref":
          next = this.backref(step, frame?.level ?? 0, at);
          break;
        default:
          next = this.simple(step, at);
      }
      if (next >= 0) {
        at = next;
        pc++;
        continue;
      }
      const choice = this.back(base);
      if (!choice) return -1;
      ({ pc, at, frame } = choice);
    }
  }

  private choose(pc: number, at: number, frame: Frame | null, least = -1): void {
    if (this.choices.length >= MAX_CHOICES || this.trail.length >= MAX_CHOICES) throw new RangeError("out of choices");
    this.choices.push({ pc, at, frame, trail: this.trail.length, least });
  }

  private back(base: number): Choice | null {
    if (this.choices.length <= base) return null;
    const choice = this.choices.pop()!;
    this.undo(choice.trail);
    if (choice.least >= 0 && choice.at > choice.least) {
      this.choices.push({ ...choice, at: before(this.text, choice.at) });
    }
    return choice;
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

  private close(group: number, { start, level }: Frame, at: number): void {
    this.write(2 * group, start);
    this.write(2 * group + 1, at);
    if (!this.program.levels) return;
    const base = this.levelBase(level);
    this.write(base + 2 * group, start);
    this.write(base + 2 * group + 1, at);
  }

  private levelBase(level: number): number {
    return 2 * (this.program.groups + 1) * (level + 1);
  }

  /** Whether a group's end changed since the trail was that long, where the expression can tell the difference. */
  private progressed(mark: number): boolean {
    if (!this.program.watchGroups) return false;
    const oldest = new Map<number, number>();
    for (let i = mark; i < this.trail.length; i += 2) {
      if (!oldest.has(this.trail[i]!)) oldest.set(this.trail[i]!, this.trail[i + 1]!);
    }
    return [...oldest].some(([slot, old]) => this.slots[slot] !== old);
  }

  private repeatSet(step: Extract<Instruction, { op: "run" }>, pc: number, at: number, frame: Frame | null): number {
    let end = at;
    let least = step.min === 0 ? at : -1;
    for (let count = 0; count < step.max; ) {
      const size = width(this.text, end);
      if (size === 0 || !step.test(this.text.codePointAt(end)!)) break;
      end += size;
      if (++count === step.min) least = end;
    }
    if (least < 0) return -1;
    if (end > least) this.choose(pc + 1, before(this.text, end), frame, least);
    return end;
  }

  private simple(step: Instruction, at: number): number {
    switch (step.op) {
      case "set":
        return at < this.text.length && step.test(this.text.codePointAt(at)!) ? at + width(this.text, at) : -1;
      case "folded":
        return this.folded(step.text, at);
      case "assert":
        return this.holds(step.kind, at, step.ascii) ? at : -1;
      case "keep":
        this.write(0, at);
        return at;
      case "grapheme":
        return this.grapheme(at);
      default:
        return -1;
    }
  }

  private folded(wanted: string, from: number): number {
    let at = from;
    for (let done = 0; done < wanted.length; ) {
      if (at >= this.text.length) return -1;
      const fold = foldCode(this.text.codePointAt(at)!);
      if (!wanted.startsWith(fold, done)) return -1;
      done += fold.length;
      at += width(this.text, at);
    }
    return at;
  }

  /** Of several groups of one name, the last in the expression that matches counts. */
  private backref(step: Extract<Instruction, { op: "backref" }>, level: number, at: number): number {
    const { groups, fold } = step;
    const base = step.level === undefined ? 0 : this.levelBase(level + step.level);
    for (const group of groups.toReversed()) {
      const start = this.slots[base + 2 * group] ?? -1;
      const end = this.slots[base + 2 * group + 1] ?? -1;
      if (start < 0) continue;
      const wanted = this.text.slice(start, end);
      if (this.text.startsWith(wanted, at)) return at + wanted.length;
      const folded = fold ? this.folded(foldText(wanted), at) : -1;
      if (folded >= 0) return folded;
    }
    return -1;
  }

  private look(step: Extract<Instruction, { op: "look" }>, pc: number, at: number, frame: Frame | null): number {
    const mark = this.trail.length;
    const found = step.behind ? this.behind(pc, at, frame) : this.run(pc, at, frame, -1) >= 0;
    if (step.negate || !found) this.undo(mark);
    return found === step.negate ? -1 : at;
  }

  private behind(pc: number, at: number, frame: Frame | null): boolean {
    for (let start = at; start >= 0; start = before(this.text, start)) {
      if (this.run(pc, start, frame, at) >= 0) return true;
    }
    return false;
  }

  /** `(?~x)`: the longest stretch in which x does not match, then shorter ones. Onigmo's own way of finding them. */
  private absent(pc: number, next: number, start: number, frame: Frame | null): number {
    const mark = this.trail.length;
    const points: number[] = [];
    let limit = this.text.length;
    for (let at = start; at <= this.text.length; at += width(this.text, at) || 1) {
      if (at > start && limit < start) return -1;
      if (at > start && at >= limit) {
        if (at === limit) points.push(at);
        break;
      }
      points.push(at);
      const end = this.run(pc, at, frame, -1);
      this.undo(mark);
      if (end >= 0) limit = Math.min(limit, end > 0 ? before(this.text, end) : -1);
    }
    if (limit < start) return -1;
    for (const point of points.slice(0, -1)) this.choose(next, point, frame);
    return points.at(-1)!;
  }

  private grapheme(at: number): number {
    if (at >= this.text.length) return -1;
    const [first] = new Intl.Segmenter().segment(this.text.slice(at, at + 256));
    return at + first!.segment.length;
  }

  private holds(kind: AssertKind, at: number, ascii: boolean): boolean {
    const { text } = this;
    switch (kind) {
      case "line-start":
        return at === 0 || (text[at - 1] === "\n" && at < text.length);
      case "line-end":
        return at === text.length || text[at] === "\n";
      case "text-start":
        return at === 0;
      case "text-end":
        return at === text.length;
      case "text-end-newline":
        return at === text.length || (at === text.length - 1 && text[at] === "\n");
      case "search-start":
        return at === this.searchStart;
      case "word-boundary":
        return this.isBoundary(at, ascii);
      case "not-word-boundary":
        return !this.isBoundary(at, ascii);
    }
  }

  private isBoundary(at: number, ascii: boolean): boolean {
    const word = ascii ? asciiWord : unicodeWord;
    const left = at > 0 && word(this.text.codePointAt(before(this.text, at))!);
    const right = at < this.text.length && word(this.text.codePointAt(at)!);
    return left !== right;
  }
}
