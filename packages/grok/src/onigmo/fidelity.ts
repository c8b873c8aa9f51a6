import type { Expression, Node } from "./syntax.ts";

/** Where JavaScript's reading of an expression cannot be trusted to be Onigmo's. */
export interface Fidelity {
  /** Something in it is read differently on any text. */
  readonly differs: boolean;
  /** Groups inside a repetition: Onigmo keeps what an earlier turn captured, JavaScript forgets it. */
  readonly repeatedGroups: ReadonlySet<number>;
  /** Case is ignored: JavaScript folds letters beyond ASCII by simpler rules. */
  readonly ignoreCase: boolean;
}

export function judge(expression: Expression): Fidelity {
  const survey = new Survey();
  survey.visit(expression.root, false, []);
  return {
    differs: expression.multiFold || survey.differs || survey.hasUnsureReference(),
    repeatedGroups: survey.repeated,
    ignoreCase: expression.ignoreCase,
  };
}

class Survey {
  differs = false;
  readonly repeated = new Set<number>();
  private readonly groupPaths = new Map<number, readonly object[]>();
  private readonly references: { groups: readonly number[]; path: readonly object[] }[] = [];

  /** `path`: the branches and repetitions around the node, each of which it may be skipped with. */
  visit(node: Node, repeated: boolean, path: readonly object[]): void {
    switch (node.type) {
      case "sequence":
        for (const item of node.items) this.visit(item, repeated, path);
        return;
      case "choice":
        for (const option of node.options) this.visit(option, repeated, [...path, option]);
        return;
      case "capture":
        if (repeated) this.repeated.add(node.group);
        this.visit(node.body, repeated, [...path, node]);
        this.groupPaths.set(node.group, path);
        return;
      case "repeat":
        return this.visit(node.body, repeated || node.max > 1, [...path, node]);
      case "atomic":
        return this.visit(node.body, repeated, path);
      case "look":
        return this.visit(node.body, repeated, [...path, node]);
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

  /** A group that may have been skipped: there Onigmo fails and JavaScript matches nothing. */
  hasUnsureReference(): boolean {
    return this.references.some(({ groups, path }) =>
      groups.some(
        (group) => this.groupPaths.get(group)!.some((part) => !path.includes(part)) || this.repeated.has(group),
      ),
    );
  }
}
