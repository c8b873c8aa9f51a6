import { scanGroups } from "./onigmo/scan.ts";

/** What becomes of a capture's text. */
export type CaptureType = "string" | "int" | "float";

/** One named group of an expression. */
export interface GrokCapture {
  /** Number of the group among the named groups of `expandedSource`, from 1. */
  readonly group: number;
  /** Event field, dotted: `[source][ip]` is `source.ip`. */
  readonly field: string;
  readonly type: CaptureType;
  /** SYNTAX in `%{SYNTAX:SEMANTIC}`; absent for `(?<name>…)`. */
  readonly pattern?: string;
}

export interface NamedGroups {
  /** The expression with its groups renamed to `n1`, `n2`, …: field names are no valid group names everywhere. */
  readonly source: string;
  /** In the order in which Logstash sets fields: by name at its first place, then by group. */
  readonly captures: readonly GrokCapture[];
  /** Offset in the text that was given → offset in `source`. */
  readonly offset: (given: number) => number;
}

/** Finds the named groups of an Oniguruma expression and gives them names that every engine takes. */
export function nameGroups(text: string): NamedGroups {
  const tokens = [...scanGroups(text)].filter((token) => token.kind !== "plain-group");
  const groups = tokens
    .filter((token) => token.kind === "named-group")
    .map(({ name }, index) => ({ name, group: index + 1 }));
  const ids = new Map<string, string>();
  for (const { name } of groups) if (name !== "" && !ids.has(name)) ids.set(name, `n${ids.size + 1}`);
  const moves: { from: number; by: number }[] = [];
  let source = "";
  let done = 0;
  for (const { name, start, end } of tokens) {
    source += `${text.slice(done, start)}<${newName(ids, name)}>`;
    done = end;
    moves.push({ from: end, by: source.length - end });
  }
  return {
    source: source + text.slice(done),
    captures: inLogstashOrder(groups),
    offset: (given) => given + (moves.findLast((move) => move.from <= given)?.by ?? 0),
  };
}

/** A reference may carry a level of recursion: `name+1`. What names no group (a number) stays. */
function newName(ids: ReadonlyMap<string, string>, name: string): string {
  const whole = ids.get(name);
  if (whole !== undefined) return whole;
  const leveled = /^(.+?)([+-]\d+)$/s.exec(name);
  const base = leveled && ids.get(leveled[1]!);
  return base ? base + leveled[2]! : name;
}

function inLogstashOrder(groups: readonly { name: string; group: number }[]): GrokCapture[] {
  const byName = Map.groupBy(groups, (group) => group.name);
  return [...byName.values()].flat().map(({ name, group }) => capture(name, group));
}

function capture(name: string, group: number): GrokCapture {
  const [pattern, semantic, type] = name.split(":");
  const known = type === "int" || type === "float" ? type : "string";
  if (semantic === undefined) return { group, field: fieldName(name), type: known };
  return { group, field: fieldName(semantic), type: known, pattern: pattern! };
}

/** `[a][b]` → `a.b`; any other name stays. */
function fieldName(name: string): string {
  return /^(?:\[[^[\]]+\])+$/.test(name) ? name.slice(1, -1).replaceAll("][", ".") : name;
}
