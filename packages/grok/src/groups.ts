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
  /** Offset in `source` → offset in the text that was given. */
  readonly originalOffset: (offset: number) => number;
}

const TOKEN =
  /(?:\\[kg]|\(\?\()(?:<([^>]*)>|'([^']*)')|\\[^]|\[:\^?[a-z]+:\]|\[\^?\]?|\]|\(\?#(?:\\[^]|[^)\\])*\)|\(\?(?:<(?![=!])([^>]*)>|'([^']*)')/g;

/** Finds the named groups of an Oniguruma expression and gives them names that every engine takes. */
export function nameGroups(text: string): NamedGroups {
  const ids = new Map<string, string>();
  const groups: { name: string; group: number }[] = [];
  const moves: { at: number; shift: number }[] = [];
  let depth = 0;
  let shift = 0;
  const rename = (name: string): string => {
    const [, base, level] = /^(.*?)([+-]\d+)?$/s.exec(name)!;
    return ids.has(name) ? ids.get(name)! : ids.has(base!) ? ids.get(base!)! + (level ?? "") : name;
  };
  const declared = [...text.matchAll(TOKEN)].map((token) => token[3] ?? token[4]);
  for (const name of declared) if (name) ids.set(name, ids.get(name) ?? `n${ids.size + 1}`);
  const source = text.replace(TOKEN, (token: string, ref1, ref2, name1, name2, offset: number) => {
    let result = token;
    if (token.startsWith("[") && !token.startsWith("[:")) depth++;
    else if (token.startsWith("[:") && depth === 0) depth++;
    else if (token === "]") depth = Math.max(0, depth - 1);
    else if (depth === 0) {
      const name: string | undefined = name1 ?? name2;
      const ref: string | undefined = ref1 ?? ref2;
      if (name !== undefined) {
        groups.push({ name, group: groups.length + 1 });
        result = `(?<${ids.get(name) ?? name}>`;
      } else if (ref !== undefined) result = `${/^[^<']*/.exec(token)![0]}<${rename(ref)}>`;
    }
    if (result.length !== token.length) {
      shift += token.length - result.length;
      moves.push({ at: offset + token.length - shift, shift });
    }
    return result;
  });
  const originalOffset = (offset: number): number => offset + (moves.findLast((move) => move.at <= offset)?.shift ?? 0);
  return { source, captures: inLogstashOrder(groups), originalOffset };
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
