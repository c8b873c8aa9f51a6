import { SluiceError } from "@sluice/core";
import type { Rule } from "./rule.ts";

type Named = Pick<Rule, "name" | "sets">;

/** Names of sets as a pipeline file may write them. */
export const SETS: readonly string[] = ["default", "secrets", "pii", "all"];

/**
 * The rules with these names or in these sets, in the order of the table.
 *
 * @param exclude Names of rules or sets that are left out.
 * @throws SluiceError for a name that is neither a rule nor a set.
 */
export function selectRules<R extends Named>(
  rules: readonly R[],
  names: readonly string[],
  exclude: readonly string[] = [],
): R[] {
  for (const name of [...names, ...exclude]) requireKnown(rules, name);
  return rules.filter((rule) => names.some((name) => isIn(rule, name)) && !exclude.some((name) => isIn(rule, name)));
}

function isIn({ name, sets }: Named, wanted: string): boolean {
  return wanted === "all" || wanted === name || sets.some((set) => set === wanted);
}

function requireKnown(rules: readonly Named[], name: string): void {
  if (SETS.includes(name) || rules.some((rule) => rule.name === name)) return;
  throw new SluiceError("SLUICE_CONFIG", `there is no rule or set \`${name}\``, {
    written: name,
    hint: `sets: ${SETS.join(", ")}`,
  });
}
