import { emptinessOf } from "./emptiness.ts";
import type { Expression, Node, Repeat } from "./syntax.ts";

/** Where JavaScript's reading of an expression cannot be trusted to be Onigmo's. */
export interface Fidelity {
  /** Something in it is read differently on any text. */
  readonly differs: boolean;
  /** Groups inside a repetition: Onigmo keeps what an earlier turn captured, JavaScript forgets it. */
  readonly repeatedGroups: ReadonlySet<number>;
  /** Those of them whose repetition may end with a turn that matches nothing: Onigmo counts it, JavaScript does not. */
  readonly emptyTurnGroups: ReadonlySet<number>;
  /** Case is ignored: JavaScript folds letters beyond ASCII by simpler rules. */
  readonly ignoreCase: boolean;
}

export function judge(expression: Expression): Fidelity {
  const survey = new Survey();
  survey.visit(expression.root, "once", []);
  return {
    differs: expression.multiFold || survey.differs || survey.hasUnsureReference(),
    repeatedGroups: survey.repeated,
    emptyTurnGroups: survey.emptyTurns,
    ignoreCase: expression.ignoreCase,
  };
}

/** How often a part is matched: `empty turns` for a repetition of something that may match nothing. */
type Turns = "once" | "repeated" | "empty turns";

class Survey {
  differs = false;
  readonly repeated = new Set<number>();
  readonly emptyTurns = new Set<number>();
  private readonly groupPaths = new Map<number, readonly object[]>();
  private readonly references: { groups: readonly number[]; path: readonly object[] }[] = [];

  /** `path`: the branches and repetitions around the node, each of which it may be skipped with. */
  visit(node: Node, turns: Turns, path: readonly object[]): void {
    switch (node.type) {
      case "sequence":
        for (const item of node.items) this.visit(item, turns, path);
        return;
      case "choice":
        for (const option of node.options) this.visit(option, turns, [...path, option]);
        return;
      case "capture":
        if (turns !== "once") this.repeated.add(node.group);
        if (turns === "empty turns") this.emptyTurns.add(node.group);
        this.visit(node.body, turns, [...path, node]);
        this.groupPaths.set(node.group, path);
        return;
      case "repeat":
        return this.visit(node.body, this.turnsOf(node, turns), [...path, node]);
      case "atomic":
        return this.visit(node.body, turns, path);
      case "look":
        return this.visit(node.body, turns, [...path, node]);
      case "backref":
        this.references.push({ groups: node.groups, path });
        this.differs ||= node.level !== undefined || node.groups.some((group) => !this.groupPaths.has(group));
        return;
      case "set":
      case "folded":
      case "assert":
      case "empty":
        return;
      default:
        this.differs = true;
    }
  }

  private turnsOf({ max, body }: Repeat, around: Turns): Turns {
    if (max <= 1) return around;
    const emptiness = emptinessOf(body);
    if (emptiness === "not last") this.differs = true;
    return emptiness === "never" && around !== "empty turns" ? "repeated" : "empty turns";
  }

  /** A group that may have been skipped: there Onigmo fails and JavaScript matches nothing. */
  hasUnsureReference(): boolean {
    return this.references.some(({ groups, path }) =>
      groups.some(
        (group) => this.groupPaths.get(group)!.some((part) => !path.includes(part)) || this.repeated.has(group),
      ),
    );
  }
}
