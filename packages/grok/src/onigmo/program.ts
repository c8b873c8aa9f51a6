import type { AssertKind, CodeSet, Expression, Node } from "./syntax.ts";

/** One instruction of the machine. Addresses are indexes into the program. */
export type Instruction =
  | { readonly op: "set"; readonly test: CodeSet }
  | { readonly op: "run"; readonly test: CodeSet; readonly min: number; readonly max: number }
  | { readonly op: "folded"; readonly text: string }
  | { readonly op: "assert"; readonly kind: AssertKind; readonly ascii: boolean }
  | { readonly op: "split"; other: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "open" | "close"; readonly group: number }
  | { readonly op: "atomic"; next: number }
  | { readonly op: "look"; readonly behind: boolean; readonly negate: boolean; next: number }
  | { readonly op: "absent"; next: number }
  | { readonly op: "done" }
  | { readonly op: "loop" }
  | { readonly op: "iterate"; readonly min: number; readonly max: number; readonly lazy: boolean; exit: number }
  | { readonly op: "again"; readonly iterate: number; exit: number }
  | { readonly op: "leave" }
  | { readonly op: "backref"; readonly groups: readonly number[]; readonly fold: boolean; readonly level?: number }
  | { readonly op: "call"; readonly group: number }
  | { readonly op: "return" }
  | { readonly op: "condition"; readonly groups: readonly number[]; no: number }
  | { readonly op: "keep" }
  | { readonly op: "grapheme" };

export interface Program {
  readonly code: readonly Instruction[];
  readonly groups: number;
  /** Address of each group's body as a subroutine; 0 is the whole expression. */
  readonly routines: ReadonlyMap<number, number>;
  /** Whether an empty turn of a loop that sets a group differently counts as progress. */
  readonly watchGroups: boolean;
  /** Whether groups are asked for by level of recursion (`\k<name+0>`). */
  readonly levels: boolean;
}

export function compileProgram(expression: Expression): Program {
  return new Assembler(expression).run();
}

class Assembler {
  private readonly code: Instruction[] = [];
  private readonly captures = new Map<number, Node>();
  private readonly called = new Set<number>();
  private readonly expression: Expression;
  private watchGroups = false;
  private levels = false;

  constructor(expression: Expression) {
    this.expression = expression;
  }

  run(): Program {
    this.emit(this.expression.root);
    this.code.push({ op: "done" });
    const routines = new Map<number, number>();
    // Emitting a routine may call for further ones: the set grows while it is gone through.
    for (const group of this.called) {
      routines.set(group, this.code.length);
      this.emit(group === 0 ? this.expression.root : this.captures.get(group)!);
      this.code.push({ op: "return" });
    }
    const { code, watchGroups, levels } = this;
    return { code, groups: this.expression.groups, routines, watchGroups, levels };
  }

  private emit(node: Node): void {
    switch (node.type) {
      case "empty":
        return;
      case "sequence":
        for (const item of node.items) this.emit(item);
        return;
      case "choice":
        return this.emitChoice(node.options);
      case "capture":
        this.captures.set(node.group, node);
        this.code.push({ op: "open", group: node.group });
        this.emit(node.body);
        this.code.push({ op: "close", group: node.group });
        return;
      case "repeat":
        return this.emitRepeat(node);
      case "atomic":
        return this.emitNested({ op: "atomic", next: 0 }, node.body);
      case "look":
        return this.emitNested({ op: "look", behind: node.behind, negate: node.negate, next: 0 }, node.body);
      case "absent":
        return this.emitNested({ op: "absent", next: 0 }, node.body);
      case "condition":
        return this.emitCondition(node);
      case "call":
        this.called.add(node.group);
        this.code.push({ op: "call", group: node.group });
        return;
      default:
        return this.emitSimple(node);
    }
  }

  private emitSimple(
    node: Extract<Node, { type: "set" | "folded" | "assert" | "backref" | "keep" | "grapheme" }>,
  ): void {
    if (node.type === "backref") {
      this.watchGroups = true;
      this.levels ||= node.level !== undefined;
    }
    const { type, ...rest } = node;
    this.code.push({ op: type, ...rest } as Instruction);
  }

  private emitChoice(options: readonly Node[]): void {
    const jumps: { to: number }[] = [];
    for (const [index, option] of options.entries()) {
      if (index === options.length - 1) {
        this.emit(option);
        break;
      }
      const split = { op: "split", other: 0 } as const satisfies Instruction as { op: "split"; other: number };
      this.code.push(split);
      this.emit(option);
      const jump: { op: "jump"; to: number } = { op: "jump", to: 0 };
      this.code.push(jump);
      jumps.push(jump);
      split.other = this.code.length;
    }
    for (const jump of jumps) jump.to = this.code.length;
  }

  private emitNested(head: Extract<Instruction, { op: "atomic" | "look" | "absent" }>, body: Node): void {
    this.code.push(head);
    this.emit(body);
    this.code.push({ op: "done" });
    head.next = this.code.length;
  }

  private emitCondition(node: Extract<Node, { type: "condition" }>): void {
    const head: { op: "condition"; groups: readonly number[]; no: number } = {
      op: "condition",
      groups: node.groups,
      no: 0,
    };
    this.watchGroups = true;
    this.code.push(head);
    this.emit(node.yes);
    const jump: { op: "jump"; to: number } = { op: "jump", to: 0 };
    this.code.push(jump);
    head.no = this.code.length;
    this.emit(node.no);
    jump.to = this.code.length;
  }

  private emitRepeat({ min, max, lazy, body }: Extract<Node, { type: "repeat" }>): void {
    if (max === 0) {
      this.remember(body);
      return;
    }
    if (body.type === "set" && !lazy) return void this.code.push({ op: "run", test: body.test, min, max });
    const iterate: { op: "iterate"; min: number; max: number; lazy: boolean; exit: number } = {
      op: "iterate",
      min,
      max,
      lazy,
      exit: 0,
    };
    this.code.push({ op: "loop" });
    const start = this.code.push(iterate) - 1;
    this.emit(body);
    const again: { op: "again"; iterate: number; exit: number } = { op: "again", iterate: start, exit: 0 };
    this.code.push(again);
    iterate.exit = again.exit = this.code.length;
    this.code.push({ op: "leave" });
  }

  /** `(?<n>…){0}` matches nothing but can be called. */
  private remember(node: Node): void {
    const length = this.code.length;
    this.emit(node);
    this.code.length = length;
  }
}
